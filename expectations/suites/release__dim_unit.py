"""The units of a build: is everyone there, and does everyone belong to someone?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

PROVINCES, COMMUNES = 34, 3321


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.dim_unit`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__dim_unit",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select expected.unit_level, count(units.unit_code) as units_found, any_value(expected.units) as"
                    f" units_expected from (values ('nation', 1), ('province', {PROVINCES}), ('commune', {COMMUNES}))"
                    " as expected(unit_level, units) left join (select * from {batch} where valid_to is null) as units"
                    " on units.unit_level = expected.unit_level group by expected.unit_level"
                    " having count(units.unit_code) <> any_value(expected.units)"
                ),
                description=f"One nation, {PROVINCES} provinces and {COMMUNES} communes",
                meta={
                    "reason": "Since 2025-07-01; a commune more or less is a wrong denominator. When the state changes"
                    " its units, the seed changes and so does this"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select units.unit_code, units.name_vi, units.unit_level, units.parent_unit_code from {batch} as"
                    " units left join {batch} as parents on units.parent_unit_code = parents.unit_code"
                    " where units.unit_level <> 'nation' and (parents.unit_code is null or parents.unit_level <>"
                    " case units.unit_level when 'province' then 'nation' else 'province' end)"
                ),
                description="Every unit has its parent: provinces the nation, all others a province",
                meta={
                    "reason": "A unit without a parent is counted nowhere and ranked among nobody (2026-11-25)"
                },
            ),
        ],
    )
