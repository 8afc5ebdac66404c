"""When what is delivered, in which format: bulk periods, daily tail, delivery dates and file names.

Belongs here: the calendar of deliveries. Does not belong here: what the files hold or how they are written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from orchestration.simulation.formats import FileFormat

LAST_DAY = date(2025, 11, 30)
MERGER = date(2025, 7, 1)
TAIL_DAYS = 3
#: The delivery of the last day on which offices were open, Friday 28 November 2025. Where all provinces deliver day by
#: day, each brings what it received on that day, and what changed.
LAST_WORKED_DELIVERY = date(2025, 11, 29)
#: What is delivered so; the rest are REGISTERS.
BY_DAY = ("dossiers", "progress")
# Big provinces whose last days arrive day by day, as JSON Lines.
TAIL_AGENCIES = frozenset({"H19", "H26", "H29"})
# Below these scales, bulk files cover several months: files of a few hundred rows cost more than they show.
MONTHS_BY_SCALE = ((0.3, 1), (0.03, 3), (0.0, 6))

# So that every format is met at any scale: these provinces' systems cannot write the bulk format.
OTHER_FORMATS: dict[str, FileFormat] = {"H57": "jsonl.gz", "H35": "json", "H18": "csv", "H14": "jsonl"}
# Registers: source, delivery dates of both phases, format.
REGISTERS: tuple[tuple[str, FileFormat], ...] = (
    ("procedures", "jsonl"),
    ("publication_decisions", "json"),
    ("petitions", "jsonl.gz"),
    ("national_report_totals", "csv"),
    ("unit_catalogue", "csv"),
)


@dataclass(frozen=True)
class Update:
    """What changed of a period's dossiers until the end of a day, and when that is delivered."""

    until: date
    delivered: date


@dataclass(frozen=True)
class Period:
    """Days of receipt that are delivered together, the day after, with their state at the end of the last day.

    Changes follow in `updates`, oldest first, and with the last of them repetitions and older states.
    """

    first_day: date
    last_day: date
    updates: tuple[Update, ...]
    is_tail: bool = False

    @property
    def phase(self) -> int:
        return 1 if self.first_day < MERGER else 2

    @property
    def delivered(self) -> date:
        return self.last_day + timedelta(days=1)

    @property
    def name(self) -> str:
        return f"{self.first_day:%Y%m%d}-{self.last_day:%Y%m%d}"


def bulk_months(scale: float) -> int:
    """How many months one bulk file covers at this scale."""
    return next(months for least, months in MONTHS_BY_SCALE if scale >= least)


def periods(agency: str, months: int, daily: bool = False) -> Iterator[Period]:
    """The deliveries of one province, in order: bulk periods, then the daily tail of the big ones, or of all (`daily`).

    Changes follow with the next bulk, and of the last ones a day after the end; `daily` also on each day of the tail.
    """
    bulk_end = LAST_DAY - timedelta(days=TAIL_DAYS) if daily or agency in TAIL_AGENCIES else LAST_DAY
    starts = [date(2025, month, 1) for month in range(1, 12) if (month - 1) % 6 % months == 0]
    for start, following in zip(starts, [*starts[1:], date(2025, 12, 1)], strict=True):
        last = min(following - timedelta(days=1), bulk_end)
        after = next((s for s in starts if s > following), None)
        yield Period(start, last, _updates(last, after - timedelta(days=1) if after else LAST_DAY, daily))
    day = bulk_end + timedelta(days=1)
    while day <= LAST_DAY:
        yield Period(day, day, _updates(day, LAST_DAY, daily), is_tail=True)
        day += timedelta(days=1)


def _updates(last_day: date, until: date, daily: bool) -> tuple[Update, ...]:
    """Of a period that ends with `last_day`, whose changes are delivered until `until`."""
    first_daily = max(last_day + timedelta(days=1), LAST_DAY - timedelta(days=TAIL_DAYS))
    days = [first_daily + timedelta(days=n) for n in range((until - first_daily).days)] if daily else []
    return *(Update(day, day + timedelta(days=1)) for day in days), Update(
        until, until + timedelta(days=1 if until > last_day else 2)
    )
