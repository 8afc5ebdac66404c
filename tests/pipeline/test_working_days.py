"""The gate before dbt and the calendar of dbt know the same working days, holidays and days worked instead included.

Belongs here: the two of them, day by day. Does not belong here: what either is used for.
"""

from __future__ import annotations

import duckdb

from orchestration.ingestion.working_days import show_deliveries
from orchestration.settings import Settings


def test_the_gate_and_dbt_know_the_same_working_days(installation: Settings) -> None:
    with duckdb.connect(str(installation.build_database), read_only=True) as connection:
        known = connection.execute(
            "select calendar_date, is_working_day from marts.dim_calendar order by calendar_date"
        ).fetchall()
    with duckdb.connect() as connection:
        connection.execute(
            "create table files as select 'a.jsonl' as source_file, 'H19' as sender, unnest([$first, $last]) + 1 as"
            " delivery_date, 1 as rows_read, 'accepted' as status",
            {"first": known[0][0], "last": known[-1][0]},
        )
        connection.execute("create table history as from files limit 0")
        show_deliveries(connection, installation.reference)
        assert connection.execute("from calendar order by calendar_date").fetchall() == known
    assert len(known) > 1_000
