"""The indicators of a build: does every set of rules make 100 points, and is every rule one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.dim_indicator`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__dim_indicator",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select regime, sum(max_score) as points, count(*) filter (is_scored) as scored_metrics from {batch}"
                    " group by regime having sum(max_score) <> 100 or count(*) filter (is_scored) <> 21"
                ),
                description="Each regime has 21 scored metrics and 100 points",
                meta={
                    "reason": "Decision 766/QD-TTg of 2022-06-23; a point too many is a point nobody can earn"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select regime, metric_code, max_score, full_mark_ratio from {batch} where is_scored and"
                    " (max_score is null or max_score <= 0 or full_mark_ratio is null"
                    " or not full_mark_ratio between 0.01 and 1)"
                ),
                description="A scored metric has points, and a share at which it earns them all",
                meta={
                    "reason": "A threshold of 50 typed for 50 % would score everybody near zero (2026-11-25)"
                },
            ),
        ],
    )
