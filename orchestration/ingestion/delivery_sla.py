"""Who should have delivered what by a day, and who has not.

Here: reading what was agreed (`seeds/agreements/expected_deliveries.csv`) and holding it against the landing
folder. Not here: what was in the files, which gates judge, and who is told (`orchestration.defs.release_gates`).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from orchestration.ingestion.landing import SOURCES, delivery_days

#: In place of a sender: each of the 34 provinces.
EVERY_PROVINCE = "*"


class AgreementError(Exception):
    """A row of expected_deliveries.csv cannot be read."""


@dataclass(frozen=True)
class Agreement:
    """`sender` delivers `source` at least every so many days, from a day on, to another (None: for good)."""

    source: str
    sender: str
    every_days: int
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        """Whether anything is expected that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True)
class Overdue:
    """A delivery that should have come: whose, and when they last delivered (None: never)."""

    sender: str
    sender_name: str
    every_days: int
    last_delivery: date | None
    due_date: date

    def __str__(self) -> str:
        name = f"{self.sender} {self.sender_name}".strip()
        last = f"last delivery of {self.last_delivery}" if self.last_delivery else "never delivered"
        every = "every day" if self.every_days == 1 else f"every {self.every_days} days"
        return f"{name}: {last}, expected {every}, due {self.due_date}"


def agreements(agreed: Path, reference: Path) -> tuple[Agreement, ...]:
    """All rows of the file `agreed`, `*` written out. Raises AgreementError."""
    provinces = _rows(reference / "provinces.csv")
    with agreed.open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        return tuple(
            agreement
            for row in rows
            for agreement in _agreements(
                row, f"{agreed.name}, line {rows.line_num}", [one["agency_code"] for one in provinces]
            )
        )


def province_names(reference: Path, day: date) -> dict[str, str]:
    """Agency code -> Vietnamese name of the provinces on that day."""
    changes = sorted(_rows(reference / "unit_changes.csv"), key=lambda change: change["valid_from"])
    changed = {
        change["unit_code"]: change["name_vi"]
        for change in changes
        if date.fromisoformat(change["valid_from"]) <= day
    }
    return {
        row["agency_code"]: changed.get(row["province_code"], row["name_vi"])
        for row in _rows(reference / "provinces.csv")
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def overdue(agreed: Path, reference: Path, landing: Path, source: str, day: date) -> tuple[Overdue, ...]:
    """Who has not delivered `source` by the end of `day` as the file `agreed` says. Raises AgreementError."""
    names = province_names(reference, day)
    latest: dict[str, date] = {}
    for delivered, sender in delivery_days(landing, source):
        if delivered <= day:
            latest[sender] = max(delivered, latest.get(sender, date.min))
    found = []
    for one in agreements(agreed, reference):
        if one.source != source or not one.holds_on(day):
            continue
        last = latest.get(one.sender)
        # Counted from the day before the agreement began, so that its first day is due as well.
        counted_from = max(last or date.min, one.valid_from - timedelta(days=1))
        due = counted_from + timedelta(days=one.every_days)
        if due <= day:
            found.append(Overdue(one.sender, names.get(one.sender, ""), one.every_days, last, due))
    return tuple(sorted(found, key=lambda late: late.sender))


def _agreements(row: Mapping[str, str], place: str, provinces: Sequence[str]) -> Iterator[Agreement]:
    if row["source"] not in SOURCES:
        raise AgreementError(f"{place}, source: found {row['source']!r}, expected one of {sorted(SOURCES)}")
    if not (row["every_days"].isdecimal() and int(row["every_days"]) > 0):
        raise AgreementError(
            f"{place}, every_days: found {row['every_days']!r}, expected a number of days from 1"
        )
    try:
        valid_from = date.fromisoformat(row["valid_from"])
        valid_to = date.fromisoformat(row["valid_to"]) if row["valid_to"] else None
    except ValueError as error:
        raise AgreementError(f"{place}, valid_from and valid_to: {error}, expected YYYY-MM-DD") from error
    for sender in provinces if row["sender"] == EVERY_PROVINCE else [row["sender"]]:
        yield Agreement(row["source"], sender, int(row["every_days"]), valid_from, valid_to)
