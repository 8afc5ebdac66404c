"""The index of a build: do groups make totals, within their bounds?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

UNIT = "basis, regime, period_type, period_start, period_end, as_of, unit_code"


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_index`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_index",
        expectations=[
            gxe.ExpectTableRowCountToBeBetween(
                min_value=34 * 7,
                description="34 provinces with six groups and a total",
                meta={"reason": "At least one period of all provinces (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {UNIT}, group_code, score, max_score from {{batch}} where score not between 0 and max_score"
                ),
                description="Scores lie between 0 and the group's maximum",
                meta={
                    "reason": "The scoring rule cannot give more; an official score must not either (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {UNIT}, sum(score) filter (group_code <> 'TOTAL') as groups_sum,"
                    " max(score) filter (group_code = 'TOTAL') as total,"
                    " count(score) filter (group_code <> 'TOTAL') as groups_found,"
                    " max(score_origin) filter (group_code = 'TOTAL') as origin"
                    f" from {{batch}} group by {UNIT}"
                    " having count(*) <> 7"
                    " or (groups_found = 6) <> (total is not null)"
                    " or abs(groups_sum - total) > case origin when 'official' then 0.02 else 0 end"
                ),
                description="A total is the sum of six groups, or there is none",
                meta={
                    "reason": "Exact for computed totals; 0.02 for totals of the portal, whose sums are off by"
                    " as much (README of the figures, 2026-10-10)"
                },
            ),
        ],
    )
