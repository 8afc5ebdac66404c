"""The province ranking of a build: may an official be shown it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._rankings import PERIOD, movement_holds, ranks_hold

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_province_ranking`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_province_ranking",
        expectations=[
            gxe.ExpectTableRowCountToBeBetween(
                min_value=34,
                description="There is a ranking at all",
                meta={"reason": "34 provinces in at least one period (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, count(*) as provinces, count(rank) as ranked from {{batch}}"
                    f" group by {PERIOD} having count(*) <> 34"
                ),
                description="Every ranking shows the 34 provinces",
                meta={
                    "reason": "34 provinces since 2025-07-01; a province may lack a rank, never a row (2026-11-23)"
                },
            ),
            ranks_hold(),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_code, name_vi, total_score, official_score from {{batch}}"
                    " where basis = 'portal' and abs(total_score - official_score) > 0.03"
                ),
                description="Totals computed from the portal's figures are the portal's, within 0.03",
                meta={
                    "reason": "34 of 34 within 0.01 on 2026-10-10; the portal's own sums are off by up to 0.02,"
                    " and 0.01 for the rounding of the total"
                },
            ),
            movement_holds(),
        ],
    )
