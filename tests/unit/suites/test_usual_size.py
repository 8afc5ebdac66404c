"""Whether a delivery is as large as its sender's last ones, or as theirs would be of as many days.

Belongs here: `usual_size` of `raw__files`, delivery by delivery. Does not belong here: what becomes of a refused one.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.builder import load
from expectations.gate import run_gate

LAST = date(2025, 12, 1)
MONTHLY, DAILY = (30, 60_000), (1, 1_000)


def refused(folder: Path, rhythm: tuple[int, int], days: int, rows: int, deliveries: int = 8) -> bool:
    """Of a sender that delivered so many rows every so many days, the next one, some days after its last."""
    every, usual = rhythm
    database = folder / "batch.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute(
            "create table files as select 'H19.jsonl' as source_file, 'H19' as sender, 'accepted' as status,"
            " $day::date as delivery_date, 1000 as size_bytes, $rows as rows_read, $rows as rows_accepted,"
            " 0 as rows_quarantined, 0 as rows_duplicate, 0 as rows_foreign, []::varchar[] as problems",
            {"day": LAST + timedelta(days=days), "rows": rows},
        )
        connection.execute("create table history (sender varchar, delivery_date date, rows_read bigint)")
        for back in range(deliveries):
            connection.execute(
                "insert into history values ('H19', ?, ?)", [LAST - timedelta(days=every * back), usual]
            )
    result = run_gate(database, "main", "files", load("raw__files", source="dossiers", most_refused=0.05))
    assert {check.id for check in result.failed()} <= {"usual_size"}
    return not result.success


@pytest.mark.parametrize(
    ("rhythm", "days", "rows", "is_refused"),
    [
        # 60,000 a month are 2,000 a day: the first day of a sender that changes over, 5,582 rows, is no month cut short.
        (MONTHLY, 1, 5_582, False),
        (MONTHLY, 1, 399, True),  # a fifth of 2,000 is 400
        (MONTHLY, 30, 5_582, True),  # a fifth of 60,000 is 12,000
        (MONTHLY, 30, 12_000, False),
        (MONTHLY, 1, 300_000, False),  # a file of all months, once more
        (MONTHLY, 1, 300_001, True),
        (DAILY, 1, 199, True),
        (DAILY, 1, 200, False),
        (DAILY, 1, 5_001, True),
        (DAILY, 10, 10_000, False),  # what an outage held back
        (DAILY, 10, 50_001, True),
        (DAILY, 10, 200, False),  # an outage of which nothing was kept
        (DAILY, 10, 199, True),
        ((30, 600), 1, 0, False),  # 20 a day: there may be none
    ],
)
def test_size_is_measured_by_rows_and_by_days(
    tmp_path: Path, rhythm: tuple[int, int], days: int, rows: int, is_refused: bool
) -> None:
    assert refused(tmp_path, rhythm, days, rows) == is_refused


def test_a_sender_of_six_deliveries_is_not_judged(tmp_path: Path) -> None:
    assert not refused(tmp_path, DAILY, 1, 1, deliveries=6)
