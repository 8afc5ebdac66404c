"""What a person does to an installation's runs: landing samples and synthetic records, asking others, running the job.

Belongs here: arguments, and the answer of each command. What the commands do is in the modules called; long answers are
in `answers`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.answers.answer import Answer, NotDoneError
from orchestration.answers.progress import followed
from orchestration.answers.screen import note
from orchestration.cli.app import command
from orchestration.cli.arguments import By, Day, Reason, text
from orchestration.ingestion.landing import Days
from orchestration.settings import Settings


def _reason_if_any(given: str | None) -> str | None:
    return given if given is None else text(given)


def _agencies(given: list[str] | None) -> list[str]:
    from orchestration.extraction.portal.agreement import agency_code

    try:
        return [agency_code(code) for code in given or []]
    except ValueError as error:
        raise typer.BadParameter(f"found {', '.join(given or [])}, expected {error}") from None


@command(then="refresh")
def land_samples() -> Answer:
    """Put the real samples of the portal into the landing folder."""
    from orchestration.samples import land_samples

    settings = Settings.from_environment()
    landed = [path.relative_to(settings.data) for path in land_samples(settings)]
    return Answer({"landed": landed}, [f"landed {path}" for path in landed])


@command(then="refresh", example="simulate --scale 0.01")
def simulate(
    scale: Annotated[float, typer.Option(help="Share of the nation's 25 million dossiers.")] = 0.01,
    seed: int = 1,
    landing: Annotated[Path | None, typer.Option(help="Where to; without it, the landing folder.")] = None,
    format_: Annotated[str, typer.Option("--format", help="Of bulk files.")] = "parquet",
) -> Answer:
    """Make up synthetic deliveries of records.

    They are marked as such wherever they are seen; what they come to is printed.
    """
    from orchestration.simulation.formats import check_format
    from orchestration.simulation.generator import simulate

    settings = Settings.from_environment()
    try:
        with followed() as step:
            made = simulate(
                landing or settings.landing, settings.reference, scale, seed, check_format(format_), step=step
            )
    except (ValueError, FileExistsError) as error:
        raise NotDoneError(f"nothing was made up: {error}") from error
    return made.answer()


@command(then="report", example="refresh --rebuild")
def refresh(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make every table again.")] = False,
) -> Answer:
    """Run the job: ingest what landed, gates, dbt, publish."""
    return _run(rebuild=rebuild)


@command(then="report", example="backfill 2025-11-28 2025-11-30")
def backfill(first: Day, last: Day) -> Answer:
    """Run the job on the deliveries of some days.

    The last is included; it is one run.
    """
    return _run(days=Days(first, last))


@command(then="releases", example="approve HOLD --by NAME --reason WHY")
def approve(
    hold: Annotated[str, typer.Argument(help="As the failed check names it.")], by: By, reason: Reason
) -> Answer:
    """Run the job, and let one hold pass."""
    return _run(approval={"hold": hold, "by": by, "reason": reason})


def _run(**what: Any) -> Answer:
    from orchestration.defs.partitions import NoSuchDaysError
    from orchestration.defs.run_job import refresh  # imports Dagster: seconds

    settings = Settings.from_environment()
    try:
        with followed() as step:
            outcome = refresh(settings, **what, step=step, tell=note)
    except NoSuchDaysError as error:
        raise NotDoneError(f"not run: {error}") from error
    return Answer(outcome.facts, outcome.lines, int(not outcome.success))


@command(then="backfill 2025-11-24 2025-11-24", example="pull 2025-11-24")
def pull(day: Day) -> Answer:
    """Fetch a day from the gateways into the landing folder."""
    from orchestration.defs.extraction import pull_days
    from orchestration.run_lock import one_writer
    from validated_files import InvalidFileError

    settings = Settings.from_environment()
    settings.landing.mkdir(parents=True, exist_ok=True)
    try:
        with one_writer(settings.data, note), followed() as step:
            pulled, wrong = pull_days(settings, Days(day, day), step)
    except InvalidFileError as error:
        raise NotDoneError(f"not pulled: {error}") from error
    none = [] if pulled or wrong else [f"no gateway is known; name them in {settings.gateways}"]
    why = {"error": "; ".join(wrong)} if wrong else {}
    return Answer({"pulled": pulled, "wrong": wrong, **why}, [*pulled, *wrong, *none], int(bool(wrong)))


@command(then="refresh", example="capture --province H19")
def capture(
    province: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE", help="In place of those agreed; give it once a province.", callback=_agencies
        ),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="WHY", help="Close the breaker first.", callback=_reason_if_any)
    ] = None,
) -> Answer:
    """Ask the portal for its figures, as landing files.

    What is asked, and how gently, is agreed in seeds/agreements/portal.yml.
    """
    from orchestration.extraction.portal.agreement import read_agreement
    from orchestration.extraction.portal.breaker import close_breaker
    from orchestration.extraction.portal.capture import capture
    from orchestration.extraction.portal.questions import CaptureError
    from orchestration.run_lock import one_writer
    from validated_files import InvalidFileError

    settings = Settings.from_environment()
    try:
        agreement = read_agreement(settings.portal_agreement)
        if province:
            agreement = agreement.model_copy(update={"provinces": tuple(province)})
        with one_writer(settings.data, note), followed() as step:
            if resume:
                close_breaker(settings.portal, resume, datetime.now(UTC))
            made = capture(settings.landing, settings.portal, agreement, settings.contact, step=step)
    except (CaptureError, InvalidFileError) as error:
        raise NotDoneError(f"not captured: {error}") from error
    said = f"captured: {made.answers} answers landed, {made.requests} requests, {made.seconds:.0f} seconds"
    return Answer({"captured": made}, [said, *made.notes])


@command(then="report", example="dev --port 3001", answers=False)
def dev(port: int = 3000) -> Answer:
    """Run Dagster's interface and daemon, until ended.

    For this machine alone: docs/security.md says how it is put behind a login.
    """
    from orchestration.defs.interface import UnusableOriginError, run

    settings = Settings.from_environment()
    note(f"http://localhost:{port} (Ctrl-C ends it)")
    try:
        return Answer({}, code=run(settings, port))
    except UnusableOriginError as error:
        raise NotDoneError(f"not started: {error}") from error
