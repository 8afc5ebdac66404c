"""Sensors: what starts because something happened.

Belongs here: when to look, and what is asked for. Does not belong here: what a delivery is (`ingestion`), and what of
runs is told (`alerts`).
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter

import dagster as dg

from orchestration.defs.dead_runs import end_dead_runs
from orchestration.defs.jobs import refresh
from orchestration.defs.partitions import known_days
from orchestration.fingerprints import reading_fingerprint
from orchestration.ingestion.refused_files import waiting_files
from orchestration.ingestion.unprocessed_files import Unread, content_of
from orchestration.settings import Settings
from orchestration.sources import SOURCES
from orchestration.vietnam_time import first_day_ahead

LOOK_EVERY_SECONDS = 300
#: So many delivery dates, the newest, are tried again each day while files of theirs stay unread: what is left lying for
#: weeks must not fill the queue. Older ones wait for a correction or another content.
MOST_DAYS_AGAIN = 14
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


@dg.sensor(
    job=refresh,
    minimum_interval_seconds=LOOK_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Files that came after the night of their day, once they no longer grow. What a gate refuses waits for a"
    " person, not for the next look; what could not be read is tried again when mappings or rights to deliver have"
    " changed, and once a day.",
)
def late_deliveries(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for each day, of those whose night has been, that got a file which no run has read."""
    for run_id in end_dead_runs(context.instance, settings.data):
        context.log.warning(f"run {run_id} was killed")
    # While a run is under way, what it has read is not yet in the lake.
    if context.instance.get_runs_count(dg.RunsFilter(statuses=UNFINISHED)):
        yield dg.SkipReason("a run is under way")
        return
    first, ahead = known_days().first, first_day_ahead(datetime.now(UTC))
    unread = {
        file.path: file
        for source in SOURCES
        for file in waiting_files(settings.landing, settings.lake, settings.build, source.name)
        if first <= file.delivery_date < ahead
    }
    seen = json.loads(context.cursor) if context.cursor else {}
    context.update_cursor(json.dumps({path: file.state for path, file in unread.items()}))
    settled = [file for path, file in unread.items() if seen.get(path) == file.state]
    requests = requests_for(settled, settings, ahead)
    yield from requests
    if not requests:
        yield dg.SkipReason(f"{len(unread)} unread files of earlier days, none of them new and complete")


def requests_for(files: list[Unread], settings: Settings, today: date) -> list[dg.RunRequest]:
    """A run for each delivery date. `today` changes after each night, so that none tries what the next would try."""
    days = dict(by_day(files))
    # Of what a batch names, a run can say no more than that it has changed since.
    unread = [day for day, ones in days.items() if not all(file.is_changed for file in ones)]
    rules = reading_fingerprint(settings) if unread else ""
    tries = dict.fromkeys(unread, rules) | dict.fromkeys(unread[-MOST_DAYS_AGAIN:], f"{rules} {today}")
    return [request(day, contents(settings, ones), tries.get(day, "")) for day, ones in days.items()]


def by_day(files: list[Unread]) -> Iterator[tuple[date, list[Unread]]]:
    """The files of each delivery date, in order."""
    dated = sorted(((file.delivery_date, file) for file in files), key=itemgetter(0))
    for day, group in groupby(dated, key=itemgetter(0)):
        yield day, [file for _, file in group]


def contents(settings: Settings, files: Sequence[Unread]) -> list[str]:
    """What tells these files from others: a sender that writes the same again and again asks for no run."""
    return sorted(f"{file.path} {content_of(settings.landing, file.path)}" for file in files)


def request(day: date, found: Sequence[str], attempt: str) -> dg.RunRequest:
    """A run of `day`; asked for again with the same content at the same attempt, it is the same request: Dagster starts
    nothing twice for one key.
    """
    content = "\n".join([attempt, *found])
    return dg.RunRequest(
        run_key=f"{day} {hashlib.sha256(content.encode()).hexdigest()[:16]}", partition_key=day.isoformat()
    )
