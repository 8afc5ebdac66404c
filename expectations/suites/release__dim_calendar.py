"""The calendar of a build: is every day there, and does every working day have its number?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.dim_calendar`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__dim_calendar",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select count(*) as days_found, min(calendar_date) as first_day, max(calendar_date) as last_day"
                    " from {batch}"
                    " having count(*) = 0 or count(*) <> max(calendar_date) - min(calendar_date) + 1"
                ),
                description="No day is missing, none is there twice",
                meta={
                    "reason": "Deadlines are counted by joining days: a gap makes a dossier late (2026-11-25)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select year_start, count(*) filter (is_working_day) as working_days from {batch} where year_start in"
                    " (select year_start from {batch} where is_public_holiday)"
                    " group by year_start having count(*) filter (is_working_day) not between 240 and 256"
                ),
                description="A year of which the holidays are known has 240 to 256 working days",
                meta={
                    "reason": "About 261 weekdays less 11 public holidays of the Labour Code 2019 and days exchanged with"
                    " or added to them: 247 to 251 in 2025 and 2026. Years whose holidays are not known yet are not"
                    " judged (2026-11-25)"
                },
            ),
        ],
    )
