"""What gates measure deliveries by: how many days that are worked each is of, before any table is built.

Here: which days a delivery shows, and the calendar of them. Not here: deadlines, which `dim_calendar` counts, and what
is too small (`expectations/suites/raw__files.yml`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.ingestion.landing import PAGES


def show_deliveries(connection: duckdb.DuckDBPyConnection, reference: Path) -> None:
    """Make table `deliveries` of the files in `files`, a batch, and `history`, which the lake has; and `calendar`, the
    days from the first to the last of them, as `dim_calendar` has them, which is made after the gate. `reference` is the
    folder of the seeds.
    """
    connection.execute(_SHOWN_SQL, {"pages": f"-{PAGES}"})
    connection.execute(_CALENDAR_SQL, {"holidays": str(reference / "public_holidays.csv")})
    connection.execute(_DELIVERIES_SQL)


# What is pushed shows what happened before the day of its folder. A page shows the day that its gateway was asked for,
# which was over, and no other; in the folder of another day, where a person put it, it is pushed as any other file.
_SHOWN_SQL = """
create table shown as
with file as (
    select source_file, sender, delivery_date, rows_read, status, true as is_new from files
    union all
    select source_file, sender, delivery_date, rows_read, status, false from history
)
select
    sender, is_new, rows_read,
    parse_filename(source_file) glob (delivery_date || $pages) as is_of_one_day,
    delivery_date - (not is_of_one_day)::integer as last_day
from file where status <> 'duplicate'
"""
_CALENDAR_SQL = """
create table calendar as
with days as (
    select unnest(generate_series(min(last_day), max(last_day), interval 1 day))::date as calendar_date from shown
)
select days.calendar_date, coalesce(holidays.day_kind = 'working_day', isodow(days.calendar_date) <= 5) as is_working_day
from days left join read_csv($holidays) as holidays on days.calendar_date = holidays.holiday_date
"""
# What comes later for a day is part of it. Else than a page, a delivery is of all days since the one before it.
_DELIVERIES_SQL = """
create table deliveries as
with days as (
    select
        calendar_date, is_working_day::integer as is_worked,
        sum(is_worked) over (order by calendar_date) as worked_until
    from calendar
),
delivered as (
    select
        sender, last_day, bool_or(is_new) as is_new, bool_and(is_of_one_day) as is_of_one_day,
        sum(rows_read) as rows_read, sum(rows_read) filter (not is_new) as rows_before
    from shown group by sender, last_day
)
select
    delivered.* exclude (is_of_one_day),
    case when is_of_one_day then is_worked
        else worked_until - lag(worked_until) over (partition by sender order by last_day) end as working_days
from delivered inner join days on last_day = calendar_date
"""
