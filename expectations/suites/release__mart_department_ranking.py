"""The ranking of departments within their provinces: may an official be shown it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._rankings import movement_holds, ranks_hold, scores_hold

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_department_ranking`. Which of them are there differs from day to day: coverage tells it."""
    import great_expectations as gx

    return gx.ExpectationSuite(
        name="release__mart_department_ranking",
        expectations=[scores_hold(), ranks_hold("province_code"), movement_holds()],
    )
