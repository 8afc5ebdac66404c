"""What each unit loses, and what would win it back: does it add up?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._rankings import PERIOD

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_score_gap`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_score_gap",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_code, metric_code, score, max_score, points_lost from {{batch}} where"
                    " max_score is null or points_lost is not null and (points_lost < -0.000001"
                    " or abs(points_lost - (max_score - coalesce(score, 0))) > 0.000001)"
                ),
                description="What is lost is what is missing to the most there is",
                meta={"reason": "An official plans the next month by it (2026-11-25)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_code, metric_code, numerator, denominator, more_for_one_point,"
                    " more_for_full_mark, more_for_next_rank from {batch} where more_for_full_mark < 0"
                    " or more_for_one_point < 1 or more_for_next_rank < 1 or more_for_one_point > denominator"
                ),
                description="No unit is asked for less than nothing, or for more than it counts",
                meta={"reason": "One more dossier than there are cannot win a point (2026-11-25)"},
            ),
        ],
    )
