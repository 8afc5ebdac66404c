"""The questions of a capture: which requests there are, and how each is named.

Here: interfaces, periods, bodies, names, the sentence of whatever stops at one, and how it shows what the portal wrote.
Not here: asking (`calls`), and in which order (`capture`).
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from orchestration.harmless_text import quoted
from orchestration.ingestion.personal import masked

SERVICE_RESULTS, SATISFACTION = "evaluation/service-results", "evaluation/handling-satisfaction"
#: The six interfaces of groups, each with the list in which it names the units below a province.
GROUPS = {
    "evaluation/transparency": "evaluation",
    SATISFACTION: "evaluation",
    "evaluation/dossier-digitized": "evaluation",
    "evaluation/dvc-progress-tree": "children",
    "evaluation/provide-online-tree": "children",
    "evaluation/formality-online-payment-tree": "children",
}
PAGE_SIZE = 200
NATION = "nation"
GO_ON = "capture again: it goes on after the last whole answer"


class CaptureError(Exception):
    """A capture did not begin, or stopped: at which question, what was found, what was expected, what to do."""


class NothingYetError(CaptureError):
    """A list of the nation without a single province: what a period may have that began hours ago."""


class PeriodKind(StrEnum):
    """What the portal calls `timeType`."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"


@dataclass(frozen=True)
class Period:
    """The year, quarter or month that begins on `first`."""

    kind: PeriodKind
    first: date

    @classmethod
    def around(cls, kind: PeriodKind, day: date) -> Period:
        """The one in which `day` lies."""
        months = {PeriodKind.YEAR: 12, PeriodKind.QUARTER: 3, PeriodKind.MONTH: 1}[kind]
        return cls(kind, date(day.year, (day.month - 1) // months * months + 1, 1))

    @property
    def quarter(self) -> int:
        """Counted from 1."""
        return (self.first.month + 2) // 3

    @property
    def last(self) -> date:
        month = {PeriodKind.YEAR: 12, PeriodKind.QUARTER: self.first.month + 2}.get(
            self.kind, self.first.month
        )
        return date(self.first.year, month, monthrange(self.first.year, month)[1])

    @property
    def body(self) -> dict[str, Any]:
        """As all interfaces but one are asked."""
        of_kind: dict[PeriodKind, dict[str, int]] = {
            PeriodKind.YEAR: {},
            PeriodKind.QUARTER: {"quarter": self.quarter},
            PeriodKind.MONTH: {"month": self.first.month},
        }
        return {"timeType": self.kind.value, "year": self.first.year, **of_kind[self.kind]}

    def __str__(self) -> str:
        endings = {
            PeriodKind.YEAR: "",
            PeriodKind.QUARTER: f"-Q{self.quarter}",
            PeriodKind.MONTH: f"-{self.first:%m}",
        }
        return f"{self.first.year}{endings[self.kind]}"


def periods_on(kinds: Sequence[PeriodKind], today: date) -> list[Period]:
    """Those that contain `today`. On the first day of a period also the one that ended the day before, and first: its
    figures are whole only now.
    """
    days = (today - timedelta(days=1), today)
    return list(dict.fromkeys(Period.around(kind, day) for day in days for kind in kinds))


@dataclass(frozen=True)
class Question:
    """One request. `agency` and `department_id` are the province's, None where the nation is asked for."""

    path: str
    period: Period
    agency: str | None = None
    department_id: str | None = None
    page: int = 1

    @property
    def interface(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent."""
        when = (
            {"fromDate": self.period.first.isoformat(), "toDate": self.period.last.isoformat()}
            if self.path == SATISFACTION
            else self.period.body
        )
        if self.department_id is None:
            return {**when, "departmentType": "ADMINISTRATIVE_UNIT"}
        return {
            **when,
            "rootDepartmentId": self.department_id,
            "currentPage": self.page,
            "pageSize": PAGE_SIZE,
        }

    @property
    def name(self) -> str:
        """The end of the name of its landing file."""
        page = f"-p{self.page}" if self.page > 1 else ""
        return f"{self.interface}-{self.agency or NATION}-{self.period}{page}.json"

    def on_page(self, number: int) -> Question:
        """The same, further on."""
        return replace(self, page=number)

    def __str__(self) -> str:
        page = f", page {self.page}" if self.page > 1 else ""
        return f"{self.interface} of {self.agency or 'the nation'} for {self.period}{page}"


def of_nation(period: Period) -> Question:
    """The list of the provinces with their groups."""
    return Question(SERVICE_RESULTS, period)


def of_province(agency: str, department_id: str, period: Period) -> Iterator[Question]:
    """The six groups of a province and all below it."""
    for path in GROUPS:
        yield Question(path, period, agency, department_id)


def shown(value: Any) -> str:
    """A value of the portal's as a sentence may hold it: short, on one line, without what may be a person's."""
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return masked(repr(value))


def stopped(question: Question, found: str, expected: str, action: str = GO_ON) -> CaptureError:
    """The sentence of every fault at a question."""
    return CaptureError(f"{question}: found {found}, expected {expected}; {action}")
