"""The files of a pending batch of portal results: was everything that came in understood?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `files`, one row a file of the batch (columns: `orchestration.ingest.report.FILE_COLUMNS`)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="raw__files",
        expectations=[
            gxe.ExpectTableRowCountToBeBetween(
                min_value=1,
                description="The batch names the files it was made of",
                meta={"reason": "A batch without a file cannot be traced to a delivery (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, status, rows_quarantined, problems from {batch}"
                    " where status is null or status not in ('accepted', 'duplicate', 'superseded')"
                ),
                description="No file is refused, whole or in part",
                meta={
                    "reason": "A snapshot of the portal ranks units against each other: one bad row makes the"
                    " whole order wrong (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, rows_read, rows_accepted, rows_quarantined, rows_duplicate from {batch}"
                    " where rows_read is distinct from rows_accepted + rows_quarantined + rows_duplicate"
                ),
                description="Rows read = accepted + quarantined + duplicates, for every file",
                meta={"reason": "Nothing may be lost on the way (2026-11-23)"},
            ),
        ],
    )
