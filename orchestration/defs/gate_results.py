"""Verdicts of Great Expectations as asset checks of Dagster.

Belongs here: how a verdict is shown in the UI, and what alerts read of it. Does not belong here: what is judged
(`release_gates`, `raw_gates`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from expectations.gate import GateResult
from orchestration.harmless_text import as_description
from orchestration.ingestion.landing import LAYOUT
from orchestration.ingestion.retraction import sender_of

#: Checks that may refuse a delivery: the gate before the lake, and whether each sender delivered for its own agencies.
RAW_GATE, OWN_AGENCIES = "raw_gate", "own_agencies"
#: Checks that name what was not read: whether all that landed is in its place and as it was landed, and whether a file
#: could not be read though nothing is known to be wrong with it. They hold nothing back.
ALL_IN_PLACE, EVERY_FILE_READ = "all_in_place", "every_file_read"
#: In the metadata of a warning: how many files of deliveries were refused or not read; whoever is on call is alerted.
REFUSED = "files_refused"
#: In the metadata of a check: the agencies that it concerns, a list of codes; alerts name them.
AGENCIES = "agencies"
#: Columns of failing rows that name one.
_NAMED_IN = ("sender", "agency_code", "unit_code", "province_code")


def agencies_of(rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Codes of the agencies and units that rows are about, and of the senders of their files."""
    named = {str(row[column]) for row in rows for column in _NAMED_IN if row.get(column) is not None}
    return sorted(named.union(senders_of(str(row["source_file"]) for row in rows if row.get("source_file"))))


def senders_of(files: Iterable[str]) -> list[str]:
    """Whose files those are, by their paths below landing; nobody's where one lies outside its place."""
    return sorted({sender_of(file) for file in files if file.count("/") >= LAYOUT.count("/")})


def as_check(results: Sequence[GateResult], senders: Iterable[str] = ()) -> dg.AssetCheckResult:
    """Several verdicts as one check: its description is what a person reads first when it fails. `senders` are concerned
    beside those whom the failing rows name.
    """
    failed = [result for result in results if not result.success]
    checks = [check for result in failed for check in result.failed()]
    return dg.AssetCheckResult(
        passed=not failed,
        description=as_description("\n".join(result.message() for result in failed or results)),
        metadata={
            "expectations": sum(len(result.checks) for result in results),
            "failed": len(checks),
            "failing_rows": sum(check.failing_rows for check in checks),
            AGENCIES: sorted({*agencies_of([row for check in checks for row in check.sample]), *senders}),
            **{result.suite: dg.MetadataValue.json(result.to_dict()) for result in results},
            # Whole, where the message shows a few.
            **{
                f"rows of: {check.description}": dg.MetadataValue.path(check.rows_file)
                for check in checks
                if check.rows_file
            },
        },
    )
