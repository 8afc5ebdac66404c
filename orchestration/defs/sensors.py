"""Sensors: what starts because something happened.

Belongs here: when to look, and what is asked for. Does not belong here: what a delivery is (`ingestion`).
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import groupby
from operator import itemgetter

import dagster as dg

from orchestration.defs.dead_runs import end_dead_runs
from orchestration.defs.jobs import refresh
from orchestration.defs.partitions import known_days
from orchestration.defs.schedules import first_day_ahead
from orchestration.ingestion.unprocessed_files import Unread, unread_files
from orchestration.settings import Settings
from orchestration.sources import SOURCES

LOOK_EVERY_SECONDS = 300
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
    description="Files that came after the night of their day, once they no longer grow. Each content is tried"
    " once: what a gate refuses waits for a person, not for the next look.",
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
        for file in unread_files(settings.landing, settings.lake, source.name)
        if first <= file.delivery_date < ahead
    }
    seen = json.loads(context.cursor) if context.cursor else {}
    context.update_cursor(json.dumps({path: file.state for path, file in unread.items()}))
    settled = [file for path, file in unread.items() if seen.get(path) == file.state]
    requests = [request(day, files) for day, files in by_day(settled)]
    yield from requests
    if not requests:
        yield dg.SkipReason(f"{len(unread)} unread files of earlier days, none of them new and complete")


def by_day(files: list[Unread]) -> Iterator[tuple[date, list[Unread]]]:
    """The files of each delivery date, in order."""
    dated = sorted(((file.delivery_date, file) for file in files), key=itemgetter(0))
    for day, group in groupby(dated, key=itemgetter(0)):
        yield day, [file for _, file in group]


def request(day: date, files: list[Unread]) -> dg.RunRequest:
    """A run of `day`; asked for again with the same files as they are, it is the same request."""
    content = "\n".join(sorted(f"{file.path} {file.state}" for file in files))
    return dg.RunRequest(
        run_key=f"{day} {hashlib.sha256(content.encode()).hexdigest()[:16]}", partition_key=day.isoformat()
    )
