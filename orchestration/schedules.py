"""Schedules: what starts by the clock of Vietnam.

Belongs here: when, and for which day or month. Does not belong here: what is done (`jobs`, `assets`).
"""

from datetime import timedelta

import dagster as dg

from orchestration.jobs import refresh
from orchestration.partitions import TIME_ZONE


@dg.schedule(
    name="nightly",
    job=refresh,
    cron_schedule="30 1 * * *",
    execution_timezone=TIME_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The deliveries of the day that has just ended. What comes for it later is taken by `late_deliveries`.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for yesterday; the same night asked for twice is one run."""
    day = (context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()
    return dg.RunRequest(run_key=day, partition_key=day)
