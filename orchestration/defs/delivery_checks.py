"""Did everyone deliver? One warning a source; it holds nothing back.

Belongs here: the Dagster face of `orchestration.ingestion.delivery_sla`. Does not belong here: gates, which block
(`raw_gates`, `release_gates`).
"""

from collections.abc import Sequence
from datetime import date

import dagster as dg

from orchestration.defs.gate_results import AGENCIES
from orchestration.defs.ingestion import lake_key
from orchestration.defs.partitions import known_days, last_day_of
from orchestration.defs.resources import Installation
from orchestration.harmless_text import as_description
from orchestration.ingestion.delivery_sla import Overdue, overdue
from orchestration.ingestion.landing import delivery_days
from orchestration.sources import SOURCES, Source

CHECK = "everyone_delivered"
NAMES_SHOWN = 40  # all provinces


def delivery_checks() -> list[dg.AssetChecksDefinition]:
    """One non-blocking check a source, on its table in the lake."""
    return [_delivery_check(source) for source in SOURCES]


def _delivery_check(source: Source) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=lake_key(source),
        name=CHECK,
        description="Did everyone deliver who had to (seeds/agreements/expected_deliveries.csv)?",
    )
    def check(context: dg.AssetCheckExecutionContext, installation: Installation) -> dg.AssetCheckResult:
        settings = installation.settings
        day = last_day_of(context.run, settings)
        late = overdue(settings.expected_deliveries, settings.reference, settings.landing, source.name, day)
        known = known_days()
        misdated = sorted(
            (delivered, sender)
            for delivered, sender in delivery_days(settings.landing, source.name)
            if delivered not in known
        )
        return dg.AssetCheckResult(
            passed=not late and not misdated,
            severity=dg.AssetCheckSeverity.WARN,
            description=as_description(_described(source, late, misdated)) or f"nothing is missing on {day}",
            metadata={
                "day": str(day),
                "overdue": len(late),
                AGENCIES: sorted({*(one.sender for one in late), *(sender for _, sender in misdated)}),
                "misdated": len(misdated),
            },
        )

    return check


def _described(source: Source, late: Sequence[Overdue], misdated: Sequence[tuple[date, str]]) -> str:
    lines = []
    if late:
        lines.append(
            f"{source.name}: {len(late)} deliveries are overdue; ask the sender, or mend the agreement"
        )
        lines += [f"- {one}" for one in late[:NAMES_SHOWN]]
    if misdated:
        known = known_days()
        lines.append(
            f"{source.name}: {len(misdated)} folders are not read, because their date lies outside {known.first} to"
            f" {known.last} (today); put the files where they belong"
        )
        lines += [f"- {source.name}/{delivered}/{sender}" for delivered, sender in misdated[:NAMES_SHOWN]]
    return "\n".join(lines)
