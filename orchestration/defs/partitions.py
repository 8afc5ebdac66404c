"""Partitions: the days on which deliveries come, and the months that are closed.

Belongs here: how a day, a range of days or a month is named in Dagster. Does not belong here: what is done for one.
"""

from __future__ import annotations

from datetime import date

import dagster as dg

from orchestration.ingestion.landing import Days, delivery_days
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from orchestration.vietnam_time import ZONE

# The first records are of January 2025. Today is a day too: who lands a file by hand reads it at once.
DELIVERY_DAYS = dg.DailyPartitionsDefinition(start_date="2025-01-01", timezone=ZONE, end_offset=1)
# A month can be closed once it is over.
CLOSED_MONTHS = dg.MonthlyPartitionsDefinition(start_date="2025-01-01", timezone=ZONE)

_FIRST, _LAST = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


class NoSuchDaysError(ValueError):
    """Days for which there is no partition."""


def known_days() -> Days:
    """From the first day to today in Vietnam: what can be asked for."""
    first, last = DELIVERY_DAYS.get_first_partition_key(), DELIVERY_DAYS.get_last_partition_key()
    assert first is not None  # it started in 2025
    assert last is not None
    return Days(date.fromisoformat(first), date.fromisoformat(last))


def run_tags(days: Days) -> dict[str, str]:
    """What makes one run of a range of days. Raises NoSuchDaysError where there is no partition."""
    known = known_days()
    if not known.first <= days.first <= days.last <= known.last:
        raise NoSuchDaysError(
            f"found days {days.first} to {days.last}, expected a range within {known.first} and {known.last} (today)"
        )
    return {_FIRST: days.first.isoformat(), _LAST: days.last.isoformat()}


def days_of(run: dg.DagsterRun) -> Days | None:
    """The days that a run is about; None for a run of whatever has landed."""
    day = run.tags.get("dagster/partition")
    first, last = run.tags.get(_FIRST) or day, run.tags.get(_LAST) or day
    return Days(date.fromisoformat(first), date.fromisoformat(last)) if first and last else None


def last_day_of(run: dg.DagsterRun, settings: Settings) -> date:
    """The last day that a run is about, else the last that anything landed on."""
    days = days_of(run)
    if days is not None:
        return days.last
    known = known_days()
    landed = {day for source in SOURCES for day, _ in delivery_days(settings.landing, source.name)}
    return max((day for day in landed if day in known), default=known.last)
