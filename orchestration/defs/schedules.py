"""Schedules: what starts by the clock of Vietnam.

Belongs here: when, and for which day or month. Does not belong here: what is done (`jobs`).
"""

from datetime import timedelta

import dagster as dg

from orchestration.defs.jobs import monthly_close, portal_capture, refresh
from orchestration.defs.portal_capture import NEXT_TRY
from orchestration.extraction.portal.capture import was_refreshing
from orchestration.settings import Settings
from orchestration.vietnam_time import ZONE

#: Hours of Vietnam at which the portal may be asked: at the first, and at each further one only if it was refreshing.
ASKED_AT = (6, 9, 12, 15)


@dg.schedule(
    name="nightly",
    job=refresh,
    cron_schedule="30 1 * * *",
    execution_timezone=ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The deliveries of the day that has just ended. What comes for it later is taken by `late_deliveries`.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for yesterday; the same night asked for twice is one run."""
    day = (context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()
    return dg.RunRequest(run_key=day, partition_key=day)


@dg.schedule(
    # Named after its job, as the next one.
    name="portal_capture",
    job=portal_capture,
    cron_schedule=f"0 {','.join(map(str, ASKED_AT))} * * *",
    execution_timezone=ZONE,
    # It calls out: a person switches it on.
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Asks the portal once a day; again some hours later only if it was refreshing its figures.",
)
def capture_portal(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """One run for today, which knows whether another may follow; asked for again it is the same run."""
    now = context.scheduled_execution_time
    if now.hour != ASKED_AT[0] and not was_refreshing(settings.portal, now):
        return dg.SkipReason("no capture of today found the portal refreshing")
    later = [f"{hour:02}:00" for hour in ASKED_AT if hour > now.hour]
    day = now.date().isoformat()
    return dg.RunRequest(
        run_key=f"capture {day} {now:%H:%M}", partition_key=day, tags={NEXT_TRY: later[0]} if later else {}
    )


@dg.schedule(
    # `monthly_close` is the job's name; a schedule may share it.
    name="monthly_close",
    job=monthly_close,
    cron_schedule="0 4 2 * *",
    execution_timezone=ZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="On the 2nd, after the night that read the last day of the month before.",
)
def close_last_month(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """One run for the month before; asked for again it is the same run."""
    last_of_month = context.scheduled_execution_time.date().replace(day=1) - timedelta(days=1)
    month = last_of_month.replace(day=1).isoformat()
    return dg.RunRequest(run_key=f"close {month}", partition_key=month)
