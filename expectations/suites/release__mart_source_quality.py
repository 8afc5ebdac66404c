"""What the sending systems get wrong: can the shares be believed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_source_quality`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_source_quality",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select agency_code, system, defect, dossiers, dossiers_checked, share from {batch}"
                    " where dossiers < 1"
                    " or dossiers > dossiers_checked or abs(share - dossiers / dossiers_checked) > 0.000001"
                    " or share is null or defect is null"
                ),
                description="A share is dossiers with the defect by dossiers looked at, and none is above 1",
                meta={
                    "reason": "An agency is asked to mend its system on the strength of this table (2026-11-25)"
                },
            ),
        ],
    )
