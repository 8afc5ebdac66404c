"""Verdicts of Great Expectations as asset checks of Dagster.

Belongs here: how a verdict is shown in the UI. Does not belong here: what is judged (`release_gates`, `raw_gates`).
"""

from __future__ import annotations

from collections.abc import Sequence

import dagster as dg

from expectations.gate import GateResult
from orchestration.shown import as_description

#: Checks that may refuse a delivery: the gate before the lake, and whether each sender delivered for its own agencies.
RAW_GATE, OWN_AGENCIES = "raw_gate", "own_agencies"
#: In the metadata of a warning: how many files of deliveries were refused; whoever is on call is alerted.
REFUSED = "files_refused"


def as_check(results: Sequence[GateResult]) -> dg.AssetCheckResult:
    """Several verdicts as one check: its description is what a person reads first when it fails."""
    failed = [result for result in results if not result.success]
    return dg.AssetCheckResult(
        passed=not failed,
        description=as_description("\n".join(result.message() for result in failed or results)),
        metadata={
            "expectations": sum(len(result.checks) for result in results),
            "failed": sum(len(result.failed()) for result in results),
            "failing_rows": sum(check.failing_rows for result in failed for check in result.failed()),
            **{result.suite: dg.MetadataValue.json(result.to_dict()) for result in results},
            # Whole, where the message shows a few.
            **{
                f"rows of: {check.description}": dg.MetadataValue.path(check.rows_file)
                for result in failed
                for check in result.failed()
                if check.rows_file
            },
        },
    )
