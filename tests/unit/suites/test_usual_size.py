"""Whether a delivery is as large as its sender's last ones, or as theirs would be of as many working days.

Belongs here: `usual_size` of `raw__files`, delivery by delivery. Does not belong here: what becomes of a refused one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from expectations.builder import load
from expectations.gate import run_gate
from orchestration.ingestion.working_days import show_deliveries
from tests.unit.suites.conftest import REFERENCE

#: Monday, the first of a month.
LAST = date(2025, 12, 1)
#: What a sender delivered: the day, and how many rows.
Sent = Sequence[tuple[date, int]]
MONTHLY: Sent = [(LAST - timedelta(days=30 * back), 60_000) for back in range(8)]
#: Of the days before Tuesday: of Monday, of a weekend of which nothing came, and so on.
DAILY: Sent = [
    (day, 1_000 if (day - timedelta(days=1)).weekday() < 5 else 0)
    for day in (LAST + timedelta(days=1 - back) for back in range(12))
]


def pushed(day: date) -> str:
    """The file of a sender's delivery."""
    return f"dossiers/{day}/H19/H19.jsonl"


def pulled(day: date) -> str:
    """The page that its gateway gave when it was asked for that day."""
    return f"dossiers/{day}/H19/{day}-page-00001.json"


def refused(
    folder: Path,
    sent: Sent,
    day: date,
    rows: int,
    named: Callable[[date], str] = pushed,
    beside: Sent = (),
    named_before: Callable[[date], str] | None = None,
) -> bool:
    """Of a sender that `sent` something: its delivery of `day`, or any `beside` it in one batch."""
    database = folder / "batch.duckdb"
    with duckdb.connect(database) as connection:
        for table, deliveries, name in (
            ("files", [*beside, (day, rows)], named),
            ("history", sent, named_before or named),
        ):
            connection.execute(
                f"create table {table} (source_file varchar, delivery_date date, rows_read bigint,"
                " rows_accepted bigint default 0, sender varchar default 'H19', status varchar default 'accepted',"
                " size_bytes bigint default 1000, rows_quarantined bigint default 0, rows_duplicate bigint default 0,"
                " rows_foreign bigint default 0, problems varchar[] default [])"
            )
            connection.executemany(
                f"insert into {table} (source_file, delivery_date, rows_read) values (?, ?, ?)",
                [(name(of), of, read) for of, read in deliveries],
            )
        connection.execute("update files set rows_accepted = rows_read")
        show_deliveries(connection, REFERENCE)
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
    assert refused(tmp_path, [*DAILY, *week], date(2025, 12, 7), rows) == is_refused


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


#: A gateway's days from 24 November, a Monday, to Thursday, 4 December: of each what happened on it.
PULLED: Sent = [
    (day, 1_000 if day.weekday() < 5 else 0)
    for day in (date(2025, 11, 24) + timedelta(days=n) for n in range(11))
]
FRIDAY, SATURDAY, SUNDAY = ((date(2025, 12, day), rows) for day, rows in ((5, 1_000), (6, 0), (7, 0)))


@pytest.mark.parametrize(
    ("before", "day", "rows", "is_refused"),
    [
        ([FRIDAY], 6, 0, False),  # Saturday
        ([FRIDAY], 6, 5_001, True),
        ([FRIDAY, SATURDAY], 7, 0, False),  # Sunday
        ([FRIDAY, SATURDAY, SUNDAY], 8, 199, True),  # Monday: a fifth of 1,000 is 200
        ([FRIDAY, SATURDAY, SUNDAY], 8, 200, False),
        ([FRIDAY, SATURDAY, SUNDAY], 8, 5_000, False),
        ([FRIDAY, SATURDAY, SUNDAY], 8, 5_001, True),
        ([], 5, 199, True),
        # On Friday there was nobody to ask. That Saturday was asked for says nothing of Friday, nor does Monday.
        ([], 6, 0, False),
        ([], 8, 200, False),
        ([], 8, 5_001, True),
    ],
)
def test_what_a_gateway_gave_is_measured_by_its_own_day(
    tmp_path: Path, before: Sent, day: int, rows: int, is_refused: bool
) -> None:
    assert refused(tmp_path, [*PULLED, *before], date(2025, 12, day), rows, pulled) == is_refused


@pytest.mark.parametrize(
    ("day", "rows", "is_refused"), [(5, 199, True), (5, 200, False), (6, 0, False), (8, 199, True)]
)
def test_a_sender_that_is_asked_from_now_on_is_measured_by_what_it_pushed(
    tmp_path: Path, day: int, rows: int, is_refused: bool
) -> None:
    """Thursday's was pushed on Friday, 5 December; from Friday on the gateway is asked."""
    sent = [(day + timedelta(days=1), rows) for day, rows in PULLED]
    assert refused(tmp_path, sent, date(2025, 12, day), rows, pulled, named_before=pushed) == is_refused


def test_a_page_that_a_person_put_into_a_later_day_is_pushed(tmp_path: Path) -> None:
    """Monday's page, which was lost, in Tuesday's folder: it shows Monday, as everything else there."""
    sent = [*PULLED, FRIDAY, SATURDAY, SUNDAY]

    def by_hand(day: date) -> str:
        return pulled(day).replace(f"{day}-page", f"{day - timedelta(days=1)}-page")

    assert refused(tmp_path, sent, date(2025, 12, 9), 199, by_hand, named_before=pulled)
    (tmp_path / "batch.duckdb").unlink()
    assert not refused(tmp_path, sent, date(2025, 12, 9), 200, by_hand, named_before=pulled)


@pytest.mark.parametrize(
    ("friday", "saturday", "is_refused"), [(1_000, 0, False), (199, 0, True), (1_000, 5_001, True)]
)
def test_each_of_a_batch_is_measured_from_the_one_before_it(
    tmp_path: Path, friday: int, saturday: int, is_refused: bool
) -> None:
    """The machine was off on a weekend: Friday's, which came on Saturday, and Saturday's are read together."""
    week = [(date(2025, 12, day), 1_000) for day in range(3, 6)]
    beside = [(date(2025, 12, 6), friday)]
    assert refused(tmp_path, [*DAILY, *week], date(2025, 12, 7), saturday, beside=beside) == is_refused
