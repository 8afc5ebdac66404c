"""The figures of one unit day by day, from what the portal published: total, groups, ranks, and why it did not move.

Belongs here: reading its figures from the served marts. Does not belong here: computing any of them, finding the unit
that was meant (`which_unit`), and what stands beside it on one day (`ranking`, `report`).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from orchestration.answers.answer import Answer, Column, NotDoneError, Table
from orchestration.answers.figures import CHANGE, OFFICIAL_RANK, RANK, of_basis, points, reasons, words
from orchestration.publishing.marts import open_marts, rows
from orchestration.which_unit import called, unit_meant

#: What the portal publishes figures of.
PERIOD_TYPES = ("year_to_date", "quarter", "month")
#: In the order in which the portal shows them.
GROUPS = ("CKMB", "TDGQ", "ONLINE", "TTTT", "MDSH", "MDHL")
_HISTORY = f"""
with groups as (
    pivot (
        select regime, period_type, period_start, as_of, group_code, score from marts.mart_index
        where basis = 'portal' and unit_code = getvariable('unit_code')
    )
    on group_code in {GROUPS} using first(score)
),

-- Figures that a later capture showed again have no day of their own.
seen_again as (
    select regime, period_type, period_start, as_of, max(last_seen_at)::date as seen_until
    from marts.mart_portal_captures
    where times_seen_again > 0
        and unit_level = getvariable('unit_level') and parent_unit_code = getvariable('parent_unit_code')
    group by all
)

select
    figures.regime, figures.period_type, figures.period_start, figures.period_end, figures.as_of,
    figures.period_status, total_score, {", ".join(GROUPS)}, rank, peers, official_rank, score_change, rank_change,
    rank_reason, movement_reason, contains_synthetic, seen_until,
    case figures.period_type
        when 'month' then strftime(figures.period_start, '%Y-%m')
        when 'quarter' then strftime(figures.period_start, '%Y-Q') || quarter(figures.period_start)
        else strftime(figures.period_start, '%Y')
    end as period
from figures
left join groups using (regime, period_type, period_start, as_of)
left join seen_again using (regime, period_type, period_start, as_of)
where unit_code = getvariable('unit_code')
    and (period_type = getvariable('period_type') or getvariable('period_type') is null)
order by
    max(figures.as_of) over (partition by figures.regime) desc, figures.regime,
    array_position({[*PERIOD_TYPES]}, figures.period_type), figures.period_start, figures.as_of
"""
_DAYS = (
    Column("as_of", "as of"),
    Column("period"),
    points("total_score", "total"),
    *(points(group) for group in GROUPS),
    RANK,
    Column("peers", "of", is_number=True),
    OFFICIAL_RANK,
    CHANGE,
    Column("period_status", "status"),
    Column("seen_until", "seen until", lambda day: str(day or "")),
)


def history(serving: Path, word: str, period_type: str | None = None) -> Answer:
    """What is served of the unit that `word` means, each set of rules and type of period apart. Raises NotDoneError where
    it means none or several, or nothing is served of it; duckdb.Error where nothing is served at all.
    """
    with open_marts(serving) as connection:
        unit = unit_meant(connection, word, "portal")
        for name in ("unit_code", "unit_level", "parent_unit_code"):
            connection.execute(f"set variable {name} = $1", [unit[name]])
        connection.execute("set variable period_type = $1", [period_type])
        days = rows(connection, _HISTORY)
    if not days:
        of_type = f" of a {words(period_type)}" if period_type else ""
        raise NotDoneError(
            f"found no figures{of_type} by the portal for {called(unit)}, expected some in what is served"
        )
    series = [
        {"regime": regime, "period_type": found, "days": [*listed]}
        for (regime, found), listed in groupby(days, key=lambda day: (day["regime"], day["period_type"]))
    ]
    is_synthetic = any(day["contains_synthetic"] for day in days)
    shown: list[str | Table] = [f"{called(unit)}, {of_basis('portal', is_synthetic)}"]
    for one in series:
        shown += ["", *_shown(one)]
    regimes = sorted({one["regime"] for one in series})
    if len(regimes) > 1:
        shown += ["", f"Figures under different rules ({', '.join(regimes)}) are not compared."]
    return Answer({"unit": unit, "series": series}, shown)


def _shown(series: Mapping[str, Any]) -> list[str | Table]:
    days = series["days"]
    return [
        f"{words(series['period_type']).capitalize()}, scored under {series['regime']};"
        " change against what the ranking of the day compares with",
        "",
        Table(_DAYS, days),
        *reasons(days, "rank_reason", "as_of", "No rank on"),
        *reasons(days, "movement_reason", "as_of", "No change on"),
    ]
