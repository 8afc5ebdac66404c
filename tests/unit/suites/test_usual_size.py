"""Whether a delivery is as large as its sender's last ones, or as theirs would be of as many working days.

Belongs here: `usual_size` of `raw__files`, delivery by delivery. Does not belong here: what becomes of a refused one.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.builder import load
from expectations.gate import run_gate
from orchestration.ingestion.working_days import show_calendar
from tests.unit.suites.conftest import REFERENCE

#: Monday, the first of a month.
LAST = date(2025, 12, 1)
#: What a sender delivered: the day, and how many rows.
Sent = list[tuple[date, int]]
MONTHLY: Sent = [(LAST - timedelta(days=30 * back), 60_000) for back in range(8)]
#: Of the days before Tuesday: of Monday, of a weekend of which nothing came, and so on.
DAILY: Sent = [
    (day, 1_000 if (day - timedelta(days=1)).weekday() < 5 else 0)
    for day in (LAST + timedelta(days=1 - back) for back in range(12))
]


def refused(folder: Path, sent: Sent, day: date, rows: int) -> bool:
    """Of a sender that `sent` something: its delivery of `day`."""
    database = folder / "batch.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute(
            "create table files as select 'H19.jsonl' as source_file, 'H19' as sender, 'accepted' as status,"
            " $day::date as delivery_date, 1000 as size_bytes, $rows as rows_read, $rows as rows_accepted,"
            " 0 as rows_quarantined, 0 as rows_duplicate, 0 as rows_foreign, []::varchar[] as problems",
            {"day": day, "rows": rows},
        )
        connection.execute("create table history (sender varchar, delivery_date date, rows_read bigint)")
        connection.executemany("insert into history values ('H19', ?, ?)", sent)
        show_calendar(connection, REFERENCE)
    result = run_gate(database, "main", "files", load("raw__files", source="dossiers", most_refused=0.05))
    assert {check.id for check in result.failed()} <= {"usual_size"}
    return not result.success


@pytest.mark.parametrize(
    ("day", "rows", "is_refused"),
    [
        # Thirty days have 20, 22, 21, 20, 21, 22 and 22 that are worked: 60,000 are 2,857 a day. The first day of a
        # sender that changes over, 5,582 rows, is no month cut short.
        (2, 5_582, False),
        (2, 571, True),  # a fifth of 2,857 is 571.4
        (2, 572, False),
        (2, 300_000, False),  # a file of all months, once more
        (2, 300_001, True),
        # December has 22 working days before the 31st: as many rows as ever.
        (31, 5_582, True),  # a fifth of 60,000 is 12,000
        (31, 12_000, False),
    ],
)
def test_after_months_a_day_is_measured_by_days(
    tmp_path: Path, day: int, rows: int, is_refused: bool
) -> None:
    assert refused(tmp_path, MONTHLY, date(2025, 12, day), rows) == is_refused


@pytest.mark.parametrize(
    ("day", "rows", "is_refused"),
    [
        (3, 199, True),  # a fifth of 1,000
        (3, 200, False),
        (3, 5_000, False),
        (3, 5_001, True),
        (13, 8_000, False),  # what an outage held back: 2 to 12 December, nine days that were worked
        (13, 45_001, True),
        (13, 200, False),  # an outage of which nothing was kept
        (13, 199, True),
    ],
)
def test_a_day_is_measured_by_the_days_before_it(
    tmp_path: Path, day: int, rows: int, is_refused: bool
) -> None:
    assert refused(tmp_path, DAILY, date(2025, 12, day), rows) == is_refused


@pytest.mark.parametrize(("rows", "is_refused"), [(0, False), (150, False), (5_000, False), (5_001, True)])
def test_of_days_off_there_may_be_nothing(tmp_path: Path, rows: int, is_refused: bool) -> None:
    """Friday's came on Saturday, 6 December; on Sunday comes what happened on Saturday: in offices, nothing."""
    week = [(date(2025, 12, day), 1_000) for day in range(3, 7)]
    assert refused(tmp_path, DAILY + week, date(2025, 12, 7), rows) == is_refused


@pytest.mark.parametrize(("rows", "is_refused"), [(1_000, False), (199, True), (5_001, True)])
def test_after_the_days_of_tet_the_first_that_is_worked_is_no_larger_than_ever(
    tmp_path: Path, rows: int, is_refused: bool
) -> None:
    """14 to 22 February 2026 are nine days off, and of each a delivery says so. Monday the 23rd is worked."""
    days = [date(2026, 1, 28) + timedelta(days=n) for n in range(27)]
    sent = [
        (day, 1_000 if (of := day - timedelta(days=1)).weekday() < 5 and of < date(2026, 2, 14) else 3)
        for day in days
    ]
    assert sent[-1] == (date(2026, 2, 23), 3)
    assert refused(tmp_path, sent, date(2026, 2, 24), rows) == is_refused


def test_a_saturday_that_is_worked_counts(tmp_path: Path) -> None:
    """10 January 2026 makes up for 2 January: of it nothing is too little."""
    sent = [
        (day, 1_000 if (day - timedelta(days=1)).weekday() < 5 else 0)
        for day in (date(2025, 12, 18) + timedelta(days=n) for n in range(24))
    ]
    assert sent[-1] == (date(2026, 1, 10), 1_000)
    assert refused(tmp_path, sent, date(2026, 1, 11), 0)


@pytest.mark.parametrize(("rows", "is_refused"), [(5, False), (1_000, False), (4_000, False), (4_001, True)])
def test_what_comes_later_for_a_day_is_part_of_it(tmp_path: Path, rows: int, is_refused: bool) -> None:
    """1,000 rows of 2 December are in the lake; five more in a file of their own are no delivery cut short."""
    assert refused(tmp_path, DAILY, date(2025, 12, 2), rows) == is_refused


def test_where_few_are_expected_there_may_be_none(tmp_path: Path) -> None:
    """600 a month are 29 a day."""
    assert not refused(tmp_path, [(day, 600) for day, _ in MONTHLY], date(2025, 12, 2), 0)


def test_a_sender_of_six_deliveries_is_not_judged(tmp_path: Path) -> None:
    six = [(day, rows) for day, rows in DAILY if rows][:6]
    assert not refused(tmp_path, six, date(2025, 12, 3), 1)
