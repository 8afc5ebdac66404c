"""The indicators of a build: are scores what their ratios say?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

ROW = "as_of, unit_code, metric_code, numerator, denominator, ratio, score, max_score"


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_indicator_scores`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_indicator_scores",
        expectations=[
            gxe.ExpectTableRowCountToBeBetween(
                min_value=1,
                description="There are indicators at all",
                meta={"reason": "An empty table passes every check of its rows (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {ROW} from {{batch}} where isnan(ratio) or isnan(score) or isinf(ratio) or isinf(score)"
                ),
                description="No ratio or score is NaN or infinite",
                meta={"reason": "NaN compares above every bound and poisons every sum (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {ROW} from {{batch}} where (numerator is null) <> (denominator is null)"
                    " or denominator < 0 or (denominator = 0 and ratio is not null)"
                    " or (denominator > 0 and (ratio is null or abs(ratio - numerator / denominator) > 1e-9))"
                ),
                description="A ratio is numerator / denominator",
                meta={
                    "reason": "Whoever divides the published counts must find the published ratio (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {ROW} from {{batch}} where max_score = 0 and score is not null"
                ),
                description="A metric that is only reported has no score",
                meta={"reason": "It carries no points in any regime (2026-11-23)"},
            ),
        ],
    )
