"""The one clock: days begin and end by the time of Vietnam, whatever the machine's own zone.

Belongs here: its names. Does not belong here: what dbt has of it (`profiles.yml`, `macros/engine/local_time.sql`): it
knows no Python.
"""

from __future__ import annotations

from datetime import timedelta, timezone

ZONE = "Asia/Ho_Chi_Minh"
#: Ahead of UTC, in summer and winter alike.
ZONE_MINUTES = 7 * 60
VIETNAM = timezone(timedelta(minutes=ZONE_MINUTES))
#: For a session of DuckDB: moments with a zone are shown in this one.
SHOW_VIETNAM = f"set TimeZone = '{ZONE}'"
