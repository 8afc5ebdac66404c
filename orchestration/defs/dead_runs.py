"""Runs that Dagster takes for alive though their process was killed: nothing else that queues would ever begin.

Belongs here: which these are, and marking them as failed. Does not belong here: what a killed run left in the data
folder, which the next one removes (`run_lock`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from orchestration.run_lock import if_nobody_writes

#: Runs of the command line tell whoever started them what became of them.
STARTED_BY = "service-index/started-by"
COMMAND_LINE = {STARTED_BY: "command-line"}
#: Of a run that did not end by itself.
KILLED = "service-index/killed"
_SAID = "its process was ended from outside: nobody holds the lock of the data folder"
_UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def end_dead_runs(
    instance: dg.DagsterInstance, data: Path, tags: Mapping[str, str] = COMMAND_LINE
) -> tuple[str, ...]:
    """Mark the runs under way that have these `tags` as failed, unless a run is at work; gives their ids.

    A run of the command line holds the lock of the data folder from before it is known to Dagster until after it has
    ended: while nobody else holds it, none is alive. Those of the daemon are seen to by Dagster as long as it runs: none
    is alive before it starts (no `tags`).
    """
    with if_nobody_writes(data) as is_free:
        dead = instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY, tags=tags)) if is_free else ()
        for run in dead:
            instance.add_run_tags(run.run_id, {KILLED: "yes"})
            instance.report_run_failed(run, _SAID)
        return tuple(run.run_id for run in dead)
