"""One run of the job `refresh` in this process.

Belongs here: starting the job outside the UI and following it. Does not belong here: what the job does, and what became
of it in words (`run_outcome`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from uuid import uuid4

import dagster as dg
import sqlalchemy.exc
import yaml

from expectations.drift import HOLD
from orchestration.alerts import Alert, Failure, send
from orchestration.answers.progress import Step, unseen
from orchestration.damage import RUNBOOK, Section
from orchestration.defs.alerts import MESSAGE_CHARACTERS, alert_of
from orchestration.defs.dead_runs import COMMAND_LINE, end_dead_runs
from orchestration.defs.graph import build_defs
from orchestration.defs.instance import instance_of
from orchestration.defs.partitions import run_tags
from orchestration.defs.run_outcome import Outcome, indented, outcome_of
from orchestration.ingestion.landing import Days
from orchestration.run_lock import one_writer
from orchestration.settings import Settings

# Dagster keeps its whole log in its store, for the UI; the screen shows what this module says.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

#: What our folders and Dagster's own storage raise where they are full, damaged or not to be written.
OUTSIDE_OF_STEPS = (OSError, sqlalchemy.exc.SQLAlchemyError, dg.DagsterInvalidConfigError, yaml.YAMLError)


def refresh(
    settings: Settings,
    instance: dg.DagsterInstance | None = None,
    days: Days | None = None,
    approval: Mapping[str, str] | None = None,
    rebuild: bool = False,
    step: Step = unseen,
    tell: Callable[[str], None] = print,
) -> Outcome:
    """Run the job on the deliveries of `days`, or on all that landed; a failed step or gate is an outcome.

    `approval` (hold, by, reason) lets one hold pass; `rebuild` is a full refresh. `step` is told how far the run has
    come, and `tell` that it has to wait for another.

    Without `instance`, the one that DAGSTER_HOME names keeps the run, so that the UI shows it. Raises
    NoSuchDaysError for days in the future or before the first.
    """
    tags = {**COMMAND_LINE, **(run_tags(days) if days else {})}
    config = {
        **QUIET,
        "ops": {
            "models": {"config": {"rebuild": rebuild}},
            f"marts__mart_province_ranking_{HOLD}": {
                "config": {"approvals": [dict(approval)] if approval else []}
            },
        },
    }
    job = build_defs(settings).resolve_job_def("refresh")
    try:
        # Before the log is begun again, which is that of a run still under way.
        with (
            one_writer(settings.data, tell),
            _aside(settings.build / "run.log"),
            nullcontext(instance) if instance else instance_of(settings) as keeping,
        ):
            end_dead_runs(keeping, settings.data)
            run_id = str(uuid4())
            keeping.add_event_listener(run_id, _follower(step, len(job.nodes)))
            result = job.execute_in_process(
                instance=keeping, raise_on_error=False, run_config=config, tags=tags, run_id=run_id
            )
        outcome = outcome_of(result, settings)
        alert = alert_of(result.all_events, result.run_id, datetime.now(UTC))
    except OUTSIDE_OF_STEPS as error:
        return _stopped(error, settings)
    return _alerted(outcome, alert, settings)


def _follower(step: Step, steps: int) -> Callable[[dg.EventLogEntry], None]:
    """Tells `step` of each step of a run that begins: how many have ended, and of how many."""
    ended = 0

    def follow(entry: dg.EventLogEntry) -> None:
        nonlocal ended
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        if event.is_step_start:
            step(event.step_key, ended, steps)
        elif event.is_step_success or event.is_step_failure or event.is_step_skipped:
            ended += 1

    return follow


def _stopped(error: Exception, settings: Settings) -> Outcome:
    """What keeps a run from beginning, or from being written down: no step has failed of it."""
    if isinstance(error, OSError):
        found, section = f"{error.filename or settings.data}: {error.strerror or error}", Section.FOLDERS
    else:
        found = f"Dagster's storage (DAGSTER_HOME): {type(error).__name__}: {error}"
        section = Section.FOLDERS if "disk is full" in found else Section.DAGSTER
    now = datetime.now(UTC)
    alert = Alert(
        kind="run_failed",
        title="Run failed: it could not be run; what is served stays as it was",
        failures=(Failure("run", found[:MESSAGE_CHARACTERS]),),
        agencies=(),
        rows=0,
        what_to_do=f"{RUNBOOK}, section '{section}'",
        run_id="",
        at=now.isoformat("T", "seconds"),
    )
    lines = ("FAILED run", indented(f"{found}\nwhat to do: {alert.what_to_do}"))
    facts = {"run_id": None, "success": False, "error": found, "what_to_do": alert.what_to_do}
    return _alerted(Outcome(False, "", lines, facts), alert, settings)


def _alerted(outcome: Outcome, alert: Alert | None, settings: Settings) -> Outcome:
    """`outcome`, with what became of its alert."""
    if alert is None:
        return outcome
    sent = send(alert, settings.alerts_log, settings.alert_webhook) or "sent"
    said = f"alert: {sent}; all alerts: {settings.alerts_log}"
    return replace(outcome, lines=(*outcome.lines, said), facts={**outcome.facts, "alert": sent})


@contextmanager
def _aside(path: Path) -> Iterator[None]:
    """What dbt and Dagster tell of each step goes to a file: hundreds of lines on a screen hide the few that count."""
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.open("w", encoding="utf-8")
    handler = _Lenient(log)
    logging.getLogger("dagster").addHandler(handler)
    try:
        with redirect_stdout(log):
            yield
    finally:
        logging.getLogger("dagster").removeHandler(handler)
        with suppress(OSError):  # of a full disk; what failed of it was said
            log.close()


class _Lenient(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  (named by logging)
        """A line that does not fit onto the disk is left out."""
