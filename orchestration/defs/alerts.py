"""What a finished run has to tell whoever is on call.

Belongs here: reading a run's events, the sensors that do so for runs that a schedule, a sensor or the UI started, and the
one that posts what was not posted. Does not belong here: what an alert looks like and where it goes (`alerts`).
"""

import errno
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from orchestration.alerts import Alert, Failure, post_again, send
from orchestration.damage import RUNBOOK, Section, section_in
from orchestration.defs.dead_runs import KILLED, STARTED_BY
from orchestration.defs.extraction import CHECK as GATEWAYS_ANSWERED
from orchestration.defs.gate_results import (
    AGENCIES,
    ALL_IN_PLACE,
    EVERY_FILE_READ,
    OWN_AGENCIES,
    RAW_GATE,
    REFUSED,
)
from orchestration.defs.portal_capture import CHECK as PORTAL_CAPTURED
from orchestration.defs.scoring_checks import CHECK as IS_SCORED
from orchestration.extraction.portal.breaker import SECTION as PORTAL_SECTION
from orchestration.ingestion.unprocessed_files import SECTION as UNREAD_SECTION
from orchestration.settings import Settings

MESSAGE_CHARACTERS = 2000
POST_AGAIN_EVERY_SECONDS = 60
#: What the system and sqlite say of our own folders: whichever step it is said at, no delivery is to blame.
OF_THE_DISK = (
    *map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG)),
    "disk is full",
)
#: By what a step or check is called, the first that fits.
OF_STEPS = (
    ((IS_SCORED,), "Nothing could be scored"),
    ((PORTAL_CAPTURED,), PORTAL_SECTION),
    ((GATEWAYS_ANSWERED,), "A gateway did not answer"),
    ((RAW_GATE, OWN_AGENCIES), "A delivery was refused"),
    ((ALL_IN_PLACE, EVERY_FILE_READ), UNREAD_SECTION),
    (("release__",), "A release gate failed"),
    (("marts/", "models", "core/", "intermediate/"), "dbt failed"),
)


def alert_of(events: Iterable[dg.DagsterEvent], run_id: str, now: datetime) -> Alert | None:
    """None where nothing failed, and each delivery was read and taken. A failed check fails its step as well: the check,
    which knows more, reports.
    """
    events = list(events)
    checks = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type_value == "ASSET_CHECK_EVALUATION"
    ]
    failed = [c for c in checks if not c.passed and c.severity == dg.AssetCheckSeverity.ERROR]
    # Where nothing is scored, all gates find their tables empty: one of them knows why.
    failed = [c for c in failed if c.check_name == IS_SCORED] or failed
    refused = [c for c in checks if not c.passed and _fact(c, REFUSED)]
    reported = [*failed, *refused]
    failures = [_failure(check) for check in failed]
    held = any(_fact(check, "held") for check in failed)
    if not failed:
        for event in events:
            error = event.step_failure_data.error if event.is_step_failure else None
            if error is not None:
                cause = error.cause or error
                held = held or cause.cls_name == "ReleaseHeldError"
                failures.append(Failure(str(event.step_key), cause.message.strip()[:MESSAGE_CHARACTERS]))
    is_stopped = bool(failures)
    failures += [_failure(check) for check in refused]
    if not failures:
        return None
    names = ", ".join(failure.name for failure in failures[:3])
    return Alert(
        kind="release_held" if held else "run_failed" if is_stopped else "delivery_refused",
        title=f"{'Release held' if held else 'Run failed'}: {names}; {_served(failures)}"
        if is_stopped
        else f"Deliveries {_what_became(refused)}: {names}; what the others delivered was taken",
        failures=tuple(failures),
        agencies=tuple(sorted({code for check in reported for code in _fact(check, AGENCIES) or []})),
        rows=sum(int(_fact(check, "failing_rows") or 0) for check in reported),
        what_to_do=f"{RUNBOOK}, section '{'A release is held' if held else _section(failures)}'",
        run_id=run_id,
        at=now.astimezone(UTC).isoformat("T", "seconds"),
    )


def _what_became(refused: Iterable[dg.AssetCheckEvaluation]) -> str:
    """Of the deliveries that a run went on without."""
    are_unread = all(check.check_name in (ALL_IN_PLACE, EVERY_FILE_READ) for check in refused)
    return "not read" if are_unread else "refused"


def _failure(check: dg.AssetCheckEvaluation) -> Failure:
    name = f"{check.asset_key.to_user_string()}: {check.check_name}"
    return Failure(name, (check.description or "")[:MESSAGE_CHARACTERS])


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    name="alert_on_refused_delivery",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the log and the webhook whose delivery was refused or not read, though the run went on.",
)
def refused_deliveries(context: dg.RunStatusSensorContext, settings: dg.ResourceParam[Settings]) -> None:
    """Alerts for runs that went on without a delivery, and were not started by the command line."""
    run = context.dagster_run
    alert = None if run.tags.get(STARTED_BY) else _alert_of_run(context, run.run_id)
    if alert is not None and (problem := send(alert, settings.alerts_log, settings.alert_webhook)):
        context.log.warning(problem)


def _alert_of_run(context: dg.RunStatusSensorContext, run_id: str) -> Alert | None:
    entries = context.instance.all_logs(run_id)
    events = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
    return alert_of(events, run_id, datetime.now(UTC))


@dg.run_failure_sensor(
    name="alert_on_failure",
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the log and the webhook what failed, whose data it was, and what to do.",
)
def failed_runs(context: dg.RunFailureSensorContext, settings: dg.ResourceParam[Settings]) -> None:
    """Alerts for failed runs, unless the command line started them and lived to tell."""
    run = context.dagster_run
    is_killed = KILLED in run.tags
    if STARTED_BY in run.tags and not is_killed:
        return
    alert = None if is_killed else _alert_of_run(context, run.run_id)
    alert = alert or _killed(run, datetime.now(UTC))
    problem = send(alert, settings.alerts_log, settings.alert_webhook)
    if problem:
        context.log.warning(problem)


@dg.sensor(
    name="alert_again",
    minimum_interval_seconds=POST_AGAIN_EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Posts the alerts that the webhook did not take: a chat server that was down for a moment, at night.",
)
def unposted_alerts(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SkipReason:
    """Starts no run. Whoever sent them, also the command line."""
    taken, problem = post_again(settings.alerts_log, settings.alert_webhook, datetime.now(UTC))
    if problem:
        context.log.warning(problem)
    return dg.SkipReason(f"posted again: {taken}" + (f"; {problem}" if problem else ""))


def _killed(run: dg.DagsterRun, now: datetime) -> Alert:
    """A run that failed without a word: its process was ended from outside."""
    return Alert(
        kind="run_failed",
        title=f"Run failed: {run.job_name} ended without saying why; what is served stays as it was",
        failures=(),
        agencies=(),
        rows=0,
        what_to_do=f"{RUNBOOK}, section 'A run was killed'",
        run_id=run.run_id,
        at=now.astimezone(UTC).isoformat("T", "seconds"),
    )


def _served(failures: Iterable[Failure]) -> str:
    """What readers have after a failure."""
    if any(section_in(failure.message) == Section.POSTGRES for failure in failures):
        return "the files are served, PostgreSQL serves what it did"
    return "what is served stays as it was"


def _section(failures: Iterable[Failure]) -> str:
    names = " ".join(failure.name for failure in failures)
    said = " ".join(failure.message for failure in failures)
    if any(word in said for word in OF_THE_DISK):
        return Section.FOLDERS
    of_step = (section for words, section in OF_STEPS if any(word in names for word in words))
    return section_in(said) or next(of_step, "Another step failed")


def _fact(check: Any, name: str) -> Any:
    value = check.metadata.get(name)
    return value.value if value is not None else None
