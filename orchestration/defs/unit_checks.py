"""Was every unit of the portal's newest captures taken? A warning that names those that were not; it holds nothing back.

Belongs here: the Dagster face of `orchestration.ingestion.portal.refused_units`. Does not belong here: gates, which block
(`raw_gates`, `release_gates`).
"""

import dagster as dg

from orchestration.defs.gate_results import AGENCIES, senders_of
from orchestration.defs.ingestion import lake_key
from orchestration.defs.resources import Installation
from orchestration.harmless_text import as_description
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.portal.refused_units import refused_units
from orchestration.sources import source_named

CHECK = "every_unit_taken"
UNITS_SHOWN = 40


@dg.asset_check(
    asset=lake_key(source_named(PORTAL)),
    name=CHECK,
    description="Was every unit that the portal's newest captures show recognised and taken?",
)
def unit_check(installation: Installation) -> dg.AssetCheckResult:
    """The non-blocking check on the portal's table in the lake."""
    refused = refused_units(installation.settings.lake, installation.settings.quarantine)
    units = {(problem.file, problem.record) for problem in refused}
    lines = [f"{len(units)} units or files are missing, the others are ranked without them:"]
    lines += [f"- {problem}" for problem in refused[:UNITS_SHOWN]]
    if len(refused) > UNITS_SHOWN:
        lines.append(f"and {len(refused) - UNITS_SHOWN} more reasons, in quarantine/{PORTAL}")
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_description("\n".join(lines)) if refused else "nobody is missing",
        metadata={"refused": len(units), AGENCIES: senders_of(problem.file for problem in refused)},
    )
