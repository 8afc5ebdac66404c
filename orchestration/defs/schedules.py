"""Schedules: what starts by the clock of Vietnam.

Belongs here: when, and for which day or month. Does not belong here: what is done (`jobs`, `assets`).
"""

from datetime import timedelta

import dagster as dg

from orchestration.defs.jobs import monthly_close, refresh
from orchestration.defs.partitions import TIME_ZONE


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


@dg.schedule(
    # `monthly_close` is the job's name; a schedule may share it.
    name="monthly_close",
    job=monthly_close,
    cron_schedule="0 4 2 * *",
    execution_timezone=TIME_ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 2nd, after the night that read the last day of the month before.",
)
def close_last_month(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for the month before; asked for again it is the same run."""
    last_of_month = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    month = last_of_month.replace(day=1).isoformat()
    return dg.RunRequest(run_key=f"close {month}", partition_key=month)
