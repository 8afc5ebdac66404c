"""The province ranking of a build: may an official be shown it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

PERIOD = "basis, regime, period_type, period_start, period_end, as_of"


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
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_code, name_vi, total_score, rank, expected_rank from ("
                    f" select *, rank() over (partition by {PERIOD} order by total_score desc nulls last)"
                    " as expected_rank from {batch}) as compared"
                    " where (total_score is null) <> (rank is null) or rank <> expected_rank"
                    # One row that is wrong in itself shifts the ranks of all below it: it is named first.
                    " order by (total_score is null) <> (rank is null) desc, as_of desc, expected_rank"
                ),
                description="A rank is one more than the number of better totals",
                meta={"reason": "Standard competition rank, 1, 2, 2, 4: the domain's rule (2026-11-23)"},
            ),
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
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_code, name_vi, baseline, previous_score, score_change, rank_change,"
                    " movement_reason from {batch}"
                    " where (score_change is null or rank_change is null) <> (movement_reason is not null)"
                    " or score_change is distinct from total_score - previous_score"
                    " or rank_change is distinct from previous_rank - rank"
                ),
                description="Movement is the difference to the baseline, or null with a reason",
                meta={"reason": "A movement nobody can recompute is a rumour (2026-11-23)"},
            ),
        ],
    )
