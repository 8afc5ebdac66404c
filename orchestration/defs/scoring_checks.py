"""Is there a rule to score by? One check: a warning names the days that none covers, and where no period at all could
be scored, nothing is published.

Belongs here: that question, asked of the build. Does not belong here: whether scores are right (`expectations/suites`).
"""

from pathlib import Path

import dagster as dg
import duckdb

from orchestration.defs.models import mart_key
from orchestration.defs.resources import Installation
from orchestration.harmless_text import as_description

CHECK = "is_scored"
_UNSCORED = """
select year(filed_date) as filed_year, min(filed_date), max(filed_date), count(*)
from core.fct_dossier
left join reference.regimes
    on filed_date >= valid_from and filed_date <= coalesce(valid_to, date '9999-12-31')
where filed_date is not null and regime is null
group by all
order by all
"""
_SCORED = "select count(*) from marts.mart_index"
YEARS_SHOWN = 10
TO_DO = (
    "nothing of these days is scored; if they should be, add rows to seeds/reference/regimes.csv and"
    " scoring_rules.csv. The deliveries themselves are in order"
)


@dg.asset_check(
    asset=mart_key("mart_index"),
    name=CHECK,
    blocking=True,
    description="Are there scoring rules for the days that were delivered?",
)
def scoring_check(installation: Installation) -> dg.AssetCheckResult:
    """The check on the index: blocking only where nothing at all is scored."""
    gaps, is_anything_scored = scoring_gaps(installation.settings.build_database)
    return dg.AssetCheckResult(
        passed=not gaps,
        severity=dg.AssetCheckSeverity.WARN if is_anything_scored else dg.AssetCheckSeverity.ERROR,
        description=as_description("\n".join(gaps)) or "every day that was delivered has its rules",
    )


def scoring_gaps(build_database: Path) -> tuple[list[str], bool]:
    """Lines about days without scoring rules, and whether any period is scored. Raises duckdb.Error without a build."""
    with duckdb.connect(str(build_database), read_only=True) as connection:
        unscored = connection.execute(_UNSCORED).fetchall()
        ((scores,),) = connection.execute(_SCORED).fetchall()
    lines = [
        f"no scoring rules for {first} to {last}: {dossiers} dossiers"
        for _, first, last, dossiers in unscored[:YEARS_SHOWN]
    ]
    if len(unscored) > YEARS_SHOWN:
        lines.append(f"... and for {len(unscored) - YEARS_SHOWN} more years")
    if lines:
        lines.append(TO_DO)
    if not scores and not lines:
        lines.append(
            "there is nothing to score yet: neither dossiers with a day of receipt nor a snapshot of the portal came"
        )
    return lines, bool(scores)
