"""When a run of the whole job last ended, however it ended: without it a quiet night looks like none.

Belongs here: that moment, and how long ago it may be. Does not belong here: what became of the run (`alerts`), and which
release came of it (`publishing`).
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from orchestration.atomic_files import replacing
from orchestration.settings import Settings

#: The job that each night starts.
REFRESH = "refresh"
#: From the end of one night's run to that of the next it is a day, and two hours more where there was much to read.
MOST_BETWEEN = timedelta(hours=26)


def note_refresh_ended(settings: Settings, now: datetime) -> None:
    """A run has ended; one that was killed has not. A full disk is the run's own error, not this one's."""
    with suppress(OSError), replacing(_note(settings)) as temporary:
        temporary.write_text(now.isoformat("T", "seconds"), encoding="utf-8")


def last_refresh(settings: Settings, published: datetime | None) -> datetime | None:
    """When the last run ended; None where none is known to have. What was `published` came of one as well: the note is
    gone with the folder of the build, and older installations have none.
    """
    with suppress(OSError, ValueError):
        noted = datetime.fromisoformat(_note(settings).read_text(encoding="utf-8"))
        return max(noted, published or noted)
    return published


def _note(settings: Settings) -> Path:
    return settings.build / "refresh_ended"
