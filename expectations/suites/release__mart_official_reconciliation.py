"""The reconciliation of a build: does the warehouse reproduce what the portal publishes?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_official_reconciliation`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_official_reconciliation",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select distinct as_of, period_type, period_start from marts.mart_province_ranking"
                    " where basis = 'portal' and as_of not in (select as_of from {batch})"
                ),
                description="Every snapshot of the portal is compared",
                meta={
                    "reason": "No comparison is no proof; an installation that has no payload of the portal has"
                    " nothing to compare (2026-11-25)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select as_of, unit_code, metric_code, official_score, computed_score, difference from {batch}"
                    " where status = 'differs'"
                ),
                description="No score differs from the portal's own",
                meta={
                    "reason": "475 of 475 province scores and 49 of 49 unit scores with counts match within 0.0051"
                    " (2026-10-10): a difference means that the portal changed a rule, or we broke one"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select as_of, unit_code, metric_code, official_score from {batch}"
                    " where score_level = 'metric' and has_counts and status = 'not_computable'"
                ),
                description="Every metric that comes with counts is computed",
                meta={"reason": "Counts without a score of ours mean a missing scoring rule (2026-11-23)"},
            ),
        ],
    )
