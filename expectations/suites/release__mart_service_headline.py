"""The figures that people quote: do they add up, and is every dossier of the lake among them?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._rankings import PERIOD

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_service_headline`, beside what the build made of the lake."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_service_headline",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select dossiers_in_the_lake, dossiers_known, figures from (select"
                    " (select count(distinct dossier_code) from staging.stg_exchange__dossiers) as dossiers_in_the_lake,"
                    " (select count(*) from core.core_dossiers__latest) as dossiers_known,"
                    " (select count(*) from {batch}) as figures) as counted"
                    " where dossiers_in_the_lake <> dossiers_known or (dossiers_known > 0 and figures = 0)"
                ),
                description="Every dossier of the lake is known to the build, once",
                meta={"reason": "Nothing may be lost on the way, and nothing counted twice (2026-11-25)"},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, unit_code, name_vi, dossiers_received, early, on_time, within_time, overdue,"
                    " no_deadline, online_ratio, paid_online_ratio, timely_ratio from {batch} where basis = 'records' and"
                    " (early + on_time + within_time + overdue + no_deadline <> dossiers_received"
                    " or (early is null) <> (no_deadline is null)"
                    " or not online_ratio between 0 and 1 or not paid_online_ratio between 0 and 1"
                    " or not timely_ratio between 0 and 1)"
                ),
                description="The five outcomes add up to the dossiers received, and shares lie between 0 and 1",
                meta={
                    "reason": "Four outcomes and those without a deadline are reported, not one: domain page (2026-11-26)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    f"select {PERIOD}, sum(dossiers_received) filter (unit_level = 'nation') as of_the_nation,"
                    " sum(dossiers_received) filter (unit_level = 'province') as of_its_provinces from {batch}"
                    f" where basis = 'records' group by {PERIOD}"
                    " having of_the_nation is distinct from of_its_provinces"
                ),
                description="The nation's dossiers are those of its provinces",
                meta={
                    "reason": "A province's dossiers are its own and those of all units below it (2026-11-25)"
                },
            ),
        ],
    )
