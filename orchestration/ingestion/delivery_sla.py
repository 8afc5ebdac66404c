"""Who should have delivered what by a day, and who has not.

Here: reading what was agreed (`seeds/agreements/expected_deliveries.csv`) and holding it against the landing
folder. Not here: what was in the files, which gates judge, and who is alerted (`orchestration.defs.release_gates`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import pydantic

from orchestration.ingestion.landing import delivery_days, known_source
from validated_files import validated_csv

#: In place of a sender: each of the 34 provinces.
EVERY_PROVINCE = "*"


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise ValueError("a day, YYYY-MM-DD") from None


_DayOrNone = Annotated[date | None, pydantic.BeforeValidator(lambda given: _day(given) if given else None)]


class Agreement(pydantic.BaseModel, frozen=True):
    """`sender` delivers `source` at least every so many days, from a day on, to another (None: for good)."""

    source: Annotated[str, pydantic.AfterValidator(known_source)]
    sender: Annotated[str, pydantic.Field(min_length=1)]
    every_days: Annotated[int, pydantic.Field(gt=0)]
    valid_from: Annotated[date, pydantic.BeforeValidator(_day)]
    valid_to: _DayOrNone
    #: The day of receipt from which on all dossiers of the sender are delivered; dbt counts none before it (ADR 0028).
    complete_from: _DayOrNone = None

    @pydantic.model_validator(mode="after")
    def _is_of_provinces_dossiers(self, info: pydantic.ValidationInfo) -> Agreement:
        # Of a province that was merged away no figure is counted: those of its successor would not be kept out.
        of_provinces = {EVERY_PROVINCE, *(info.context or {})["provinces"]}
        if self.complete_from is not None and (self.source != "dossiers" or self.sender not in of_provinces):
            raise ValueError(
                f"no complete_from but of dossiers of {EVERY_PROVINCE} or a province of today, such as H19"
            )
        return self

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
    """All rows of the file `agreed`, `*` written out. Raises InvalidFileError, OSError."""
    provinces = [row["agency_code"] for row in _rows(reference / "provinces.csv")]
    return tuple(
        row.model_copy(update={"sender": sender})
        for row in validated_csv(agreed, Agreement, provinces=provinces)
        for sender in (provinces if row.sender == EVERY_PROVINCE else [row.sender])
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
    """Who has not delivered `source` by the end of `day` as the file `agreed` says. Raises InvalidFileError."""
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
