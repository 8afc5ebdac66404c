"""The coverage of a build: is every province there in every group?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

PERIOD = "basis, regime, period_type, period_start, period_end, as_of"


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_coverage`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_coverage",
        expectations=[
            gxe.ExpectTableRowCountToBeBetween(
                min_value=34 * 6,
                description="There is a coverage at all",
                meta={"reason": "An empty table passes every check of its rows (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_level, count(*) as rows_found from {{batch}}"
                    f" group by {PERIOD}, unit_level having count(*) <> 34 * 6"
                ),
                description="34 provinces x 6 groups for each period and unit level",
                meta={
                    "reason": "Coverage must show what is missing, so every place has its row (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, province_code, unit_level, group_code, units_present, units_expected"
                    " from {batch} where units_present > units_expected"
                ),
                description="No more units are present than there are",
                meta={"reason": "More means a unit counted twice or a code list out of date (2026-11-23)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, province_code, group_code from {{batch}}"
                    " where basis = 'portal' and unit_level = 'province' and units_present = 0"
                    f" and ({PERIOD}) in (select ({PERIOD}) from {{batch}}"
                    " where unit_level = 'province' and units_present > 0)"
                ),
                description="The portal shows every province in every group",
                meta={
                    "reason": "68 of 68 province rows so far (2026-10-10); a gap takes a province out of the rank. A day"
                    " on which only units of a province were captured has no ranking of provinces."
                    " A province whose records are late is shown without rank and warned of, and does not hold"
                    " back the other 33 (2026-11-25)"
                },
            ),
        ],
    )
