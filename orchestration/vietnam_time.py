"""The one clock: days begin and end by the time of Vietnam, whatever the machine's own zone.

Belongs here: its names, and which days are over by it. Does not belong here: what dbt has of it (`profiles.yml`,
`macros/engine/local_time.sql`): it knows no Python.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

ZONE = "Asia/Ho_Chi_Minh"
#: Ahead of UTC, in summer and winter alike.
ZONE_MINUTES = 7 * 60
VIETNAM = timezone(timedelta(minutes=ZONE_MINUTES))
#: For a session of DuckDB: moments with a zone are shown in this one.
SHOW_VIETNAM = f"set TimeZone = '{ZONE}'"
#: How long after the midnight of its day a file has missed the night: that begins half an hour before.
MISSED = timedelta(hours=2)


def first_day_ahead(now: datetime) -> date:
    """The first day whose night is still to come, or has just begun: files of the days before it are late."""
    return (now.astimezone(VIETNAM) - MISSED).date()
