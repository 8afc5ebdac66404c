"""Which days are worked, before any table is built: what gates measure deliveries by.

Here: the calendar of the days that a batch and its past span. Not here: deadlines, which `dim_calendar` counts.
"""

from __future__ import annotations

from pathlib import Path

import duckdb


def show_calendar(connection: duckdb.DuckDBPyConnection, reference: Path) -> None:
    """Make table `calendar`: the days from the first to the last delivery in `files` and `history`, as `dim_calendar`
    has them, which is made after the gate. `reference` is the folder of the seeds.
    """
    connection.execute(_CALENDAR_SQL, {"holidays": str(reference / "public_holidays.csv")})


_CALENDAR_SQL = """
create table calendar as
with bounds as (
    select min(delivery_date) as first_date, max(delivery_date) as last_date
    from (select delivery_date from files union all select delivery_date from history)
),
days as (
    select unnest(generate_series(first_date, last_date, interval 1 day))::date as calendar_date from bounds
)
select days.calendar_date, coalesce(holidays.day_kind = 'working_day', isodow(days.calendar_date) <= 5) as is_working_day
from days left join read_csv($holidays) as holidays on days.calendar_date = holidays.holiday_date
"""
