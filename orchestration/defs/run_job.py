"""One run of the job `refresh` in this process, and what became of it in words.

Belongs here: starting the job outside the UI and reading its events. Does not belong here: what the job does.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO, cast

import dagster as dg
import sqlalchemy.exc
import yaml

from expectations.drift import HOLD
from orchestration.alerts import Alert, Failure, send
from orchestration.commands import command
from orchestration.damage import RUNBOOK, Section
from orchestration.defs.alerts import COMMAND_LINE, MESSAGE_CHARACTERS, alert_of
from orchestration.defs.graph import build_defs
from orchestration.defs.ingestion import LINES, NOTHING_NEW, batch_key
from orchestration.defs.instance import instance_of
from orchestration.defs.models import REBUILT
from orchestration.defs.partitions import run_tags
from orchestration.defs.release import RELEASE
from orchestration.defs.scoring_checks import CHECK as IS_SCORED
from orchestration.ingestion.landing import Days
from orchestration.publishing.release import current_name, damaged_releases
from orchestration.run_lock import one_writer
from orchestration.settings import Settings
from orchestration.sources import SOURCES

# Dagster keeps its whole log in its store, for the UI; the screen shows what this module says.
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

#: What our folders and Dagster's own storage raise where they are full, damaged or not to be written.
OUTSIDE_OF_STEPS = (OSError, sqlalchemy.exc.SQLAlchemyError, dg.DagsterInvalidConfigError, yaml.YAMLError)

# Problems of one source shown on the screen; a bad night has thousands.
LINES_A_SOURCE = 12

TAKE_BACK = command("retract", "FILE", "--by", "NAME", "--reason", "WHY")


@dataclass(frozen=True)
class Outcome:
    """Whether the run succeeded, and the lines that say what it did or what stopped it."""

    success: bool
    run_id: str
    lines: tuple[str, ...]


def refresh(
    settings: Settings,
    instance: dg.DagsterInstance | None = None,
    days: Days | None = None,
    approval: Mapping[str, str] | None = None,
    rebuild: bool = False,
) -> Outcome:
    """Run the job on the deliveries of `days`, or on all that landed; a failed step or gate is an outcome.

    `approval` (hold, by, reason) lets one hold pass; `rebuild` is a full refresh.

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
            one_writer(settings.data, print),
            _aside(settings.build / "run.log"),
            nullcontext(instance) if instance else instance_of(settings) as keeping,
        ):
            result = job.execute_in_process(
                instance=keeping, raise_on_error=False, run_config=config, tags=tags
            )
        lines = tuple(_lines(result, settings))
        alert = alert_of(result.all_events, result.run_id, datetime.now(UTC))
    except OUTSIDE_OF_STEPS as error:
        return _stopped(error, settings)
    return Outcome(result.success, result.run_id, (*lines, *_alerted(alert, settings)))


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
    lines = ("FAILED run", _indented(f"{found}\nwhat to do: {alert.what_to_do}"))
    return Outcome(False, "", (*lines, *_alerted(alert, settings)))


def _alerted(alert: Alert | None, settings: Settings) -> list[str]:
    if alert is None:
        return []
    problem = send(alert, settings.alerts_log, settings.alert_webhook)
    return [f"alert: {problem or 'sent'}; all alerts: {settings.alerts_log}"]


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


def _lines(result: dg.ExecuteInProcessResult, settings: Settings) -> Iterator[str]:
    batches = [batch_key(source) for source in SOURCES]
    quiet = []
    for source, key in zip(SOURCES, batches, strict=True):
        # A range of days is reported once: each of its days says the same.
        for made in result.asset_materializations_for_node(key.to_python_identifier())[-1:]:
            lines = cast(list[str], made.metadata[LINES].value)
            if len(lines) == 1 and str(made.metadata["batch"].value) == NOTHING_NEW:
                quiet.append(source.name)
                continue
            yield from lines[:LINES_A_SOURCE]
            if len(lines) > LINES_A_SOURCE:
                yield f"  ... and {len(lines) - LINES_A_SOURCE} more lines, in the UI and in quarantine/{source.name}"
    if quiet:
        yield f"nothing new: {', '.join(quiet)}"
    yield from _release_lines(result, settings)
    # Of a step that was tried again, what it found last.
    last = {(check.asset_key, check.check_name): check for check in result.get_asset_check_evaluations()}
    checks = list(last.values())
    failed = [check for check in checks if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR]
    warned = [check for check in checks if not check.passed and check not in failed]
    gates = [check for check in checks if "expectations" in check.metadata]
    expectations = sum(int(str(check.metadata["expectations"].value)) for check in gates)
    yield (
        f"checks: {len(checks) - len(failed) - len(warned)} of {len(checks)} passed;"
        f" {expectations} expectations in {len(gates)} gates"
    )
    for check in warned:
        yield f"WARNING {check.check_name} on {check.asset_key.to_user_string()}"
        yield _indented(check.description or "")
    unscored = [check for check in failed if check.check_name == IS_SCORED]
    if unscored:  # all other gates only say that their tables are empty
        failed = unscored
    for check in failed:
        yield f"FAILED {check.check_name} on {check.asset_key.to_user_string()}"
        yield _indented(check.description or "")
    if not failed:  # a failed check fails its step too, and has said why
        yield from _step_errors(result)
    if any(check.asset_key not in batches for check in failed) and not unscored:
        yield f"If a delivery is to blame, take it back (its path below the landing folder): {TAKE_BACK}"
    if not result.success:
        yield f"Nothing was published; what is served stays as it was. The whole log: run {result.run_id} in the UI."


def _release_lines(result: dg.ExecuteInProcessResult, settings: Settings) -> Iterator[str]:
    released = result.asset_materializations_for_node(RELEASE.to_python_identifier())
    served = current_name(settings.serving)
    for event in result.all_events:
        if event.event_type_value == "ASSET_OBSERVATION":
            rebuilt = event.asset_observation_data.asset_observation.metadata.get(REBUILT)
            yield from [str(rebuilt.value)] if rebuilt else []
    for damaged in damaged_releases(settings.serving):
        yield f"WARNING {damaged}"
    if result.success and not released and served is not None:
        yield f"release {served}: unchanged, already served; neither dbt nor the gates had to run"
    if result.success and served is None:
        yield "nothing has been delivered yet; nothing was built"
    for made in released:
        facts = {name: value.value for name, value in made.metadata.items()}
        word = "published" if facts["is_new"] else "unchanged, already served"
        yield f"release {facts['release_id']}: {word}, {facts['tables']} tables, {facts['rows']} rows"


def _step_errors(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        if error is not None:
            yield f"FAILED {event.step_key}"
            yield _indented((error.cause or error).message)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.strip().splitlines())
