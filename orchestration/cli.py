"""The command line: `bin/service-index COMMAND`, `--help` lists the commands.

Belongs here: arguments, and the answer of each command. What the commands do is in the modules called; what they have
in common, printing included, is in `answers`, as are long answers.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.completion import get_completion_inspect_parameters

from orchestration.answers.answer import Answer, NotDoneError
from orchestration.answers.commands import CONTRACT, add
from orchestration.answers.progress import followed
from orchestration.answers.screen import note
from orchestration.commands import PROGRAM, shell_word
from orchestration.harmless_text import on_terminal
from orchestration.ingestion.landing import RECORD_DATASETS, Days
from orchestration.settings import Settings

# Plain text: what was delivered or typed may hold what rich takes for markup. typer's own options of completion
# take the name of the program for that of a variable, which it is not: `completion` prints the script.
app = typer.Typer(
    rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=False, add_completion=False
)
COMPLETE = "_SERVICE_INDEX_COMPLETE"
get_completion_inspect_parameters()  # those options would make the shells known; nothing else does


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when it did not, 2 when it was not understood."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    with on_terminal():
        unreadable = [word for word in words if word != word.encode(errors="replace").decode()]
        if unreadable:
            note(f"Usage: {PROGRAM} COMMAND")
            note(f"found {unreadable[0]!a}, expected text in UTF-8; set the terminal to UTF-8")
            return 2
        try:
            app(words, prog_name=PROGRAM, complete_var=COMPLETE)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 0
    raise AssertionError("a command ends by its exit code")


@app.callback(epilog=CONTRACT)
def _before() -> None:
    """What a person does with an installation. Names, reasons and files are taken as they are written."""


def _command(
    then: str, example: str = "", answers: bool = True
) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    def register(done: Callable[..., Answer]) -> Callable[..., Answer]:
        add(app, done, example, then, answers)
        return done

    return register


@contextmanager
def _served() -> Iterator[Path]:
    """The folder of what is served, for a question about it; where it cannot be read, that is the answer."""
    from duckdb import Error

    from orchestration.publishing.marts import PublishError

    try:
        yield Settings.from_environment().serving
    except (Error, PublishError) as error:
        raise NotDoneError(error) from error


def _text(given: str) -> str:
    if not given.strip():
        raise typer.BadParameter("found nothing; whoever asks tomorrow will want to know")
    return given


def _day(given: str) -> date:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise typer.BadParameter(f"found {given!r}, expected YYYY-MM-DD") from None


def _dataset(given: str) -> str:
    if given not in RECORD_DATASETS:
        raise typer.BadParameter(f"found {given!r}, expected one of {', '.join(RECORD_DATASETS)}")
    return given


def _one_of(known: Callable[[], Sequence[str]]) -> Callable[[str | None], str | None]:
    """A check of one word; what is known is asked for then, as its module may import DuckDB."""

    def check(given: str | None) -> str | None:
        if given is not None and given not in known():
            raise typer.BadParameter(f"found {given!r}, expected one of {', '.join(known())}")
        return given

    return check


def _portal_period_types() -> Sequence[str]:
    from orchestration.history import PERIOD_TYPES

    return PERIOD_TYPES


def _bases() -> Sequence[str]:
    from orchestration.which_period import BASES

    return BASES


def _period_types() -> Sequence[str]:
    from orchestration.which_period import PERIOD_TYPES

    return PERIOD_TYPES


def _levels() -> Sequence[str]:
    from orchestration.ranking import LEVELS

    return LEVELS


def _goals() -> Sequence[str]:
    from orchestration.score_plan import GOALS

    return GOALS


def _reason_if_any(given: str | None) -> str | None:
    return given if given is None else _text(given)


def _agencies(given: list[str] | None) -> list[str]:
    from orchestration.extraction.portal.agreement import agency_code

    try:
        return [agency_code(code) for code in given or []]
    except ValueError as error:
        raise typer.BadParameter(f"found {', '.join(given or [])}, expected {error}") from None


def _kept(incomplete: str) -> list[str]:
    from orchestration.publishing.release import list_releases

    kept = list_releases(Settings.from_environment().serving)
    return [release.release_id for release in kept if release.release_id.startswith(incomplete)]


By = Annotated[str, typer.Option(help="Who says so.", callback=_text)]
Reason = Annotated[str, typer.Option(help="Why.", callback=_text)]
Day = Annotated[Any, typer.Argument(parser=_day, metavar="YYYY-MM-DD")]
Mapping = Annotated[Path, typer.Argument(help="The mapping.")]
Dataset = Annotated[
    str,
    typer.Argument(
        callback=_dataset,
        autocompletion=lambda incomplete: [name for name in RECORD_DATASETS if name.startswith(incomplete)],
        help="What is delivered.",
    ),
]

Unit = Annotated[str, typer.Argument(help="Its agency code, state code, or name with or without accents.")]
Basis = Annotated[str, typer.Option(help="portal or records.", callback=_one_of(_bases))]
PeriodType = Annotated[
    str, typer.Option(help="year_to_date, quarter, month or window.", callback=_one_of(_period_types))
]
Period = Annotated[
    str, typer.Option(metavar="DAY", help="latest, the day that figures go up to, or a period_id.")
]


@_command(then="refresh")
def land_samples() -> Answer:
    """Put the real samples of the portal into the landing folder."""
    from orchestration.samples import land_samples

    settings = Settings.from_environment()
    landed = [path.relative_to(settings.data) for path in land_samples(settings)]
    return Answer({"landed": landed}, [f"landed {path}" for path in landed])


@_command(then="report", example="refresh --rebuild")
def refresh(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make every table again.")] = False,
) -> Answer:
    """Run the job: ingest what landed, gates, dbt, publish."""
    return _run(rebuild=rebuild)


@_command(then="report", example="backfill 2025-11-28 2025-11-30")
def backfill(first: Day, last: Day) -> Answer:
    """Run the job on the deliveries of some days.

    The last is included; it is one run.
    """
    return _run(days=Days(first, last))


@_command(then="releases", example="approve HOLD --by NAME --reason WHY")
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


@_command(then="backfill 2025-11-24 2025-11-24", example="pull 2025-11-24")
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


@_command(then="refresh", example="capture --province H19")
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


@_command(then="unhold --by NAME --reason WHY", example="rollback --to RELEASE --by NAME --reason WHY")
def rollback(
    by: By,
    reason: Reason,
    to: Annotated[
        str | None,
        typer.Option(help="A release that is kept; without it, the one before.", autocompletion=_kept),
    ] = None,
) -> Answer:
    """Serve an earlier release, and hold what comes next."""
    from orchestration.publishing.follow import follow
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import LIFT, release_before, roll_back
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        # Before what is served now, not before what a run publishes while this waits for it.
        target = to or release_before(settings.serving)
        with one_writer(settings.data, note):
            made = roll_back(settings.serving, by, reason, datetime.now(UTC), target)
            said = f"served again: {made.to_release}; nothing new is published until: {LIFT}"
            try:
                followed_by = follow(settings.serving, settings.postgres_url)
            except PublishError as error:  # the files have stepped back all the same
                return Answer({"stepped_back": made, "error": str(error)}, [said, str(error)], code=1)
    except PublishError as error:
        raise NotDoneError(f"not stepped back: {error}") from error
    return Answer({"stepped_back": made}, [said, *followed_by])


@_command(then="releases")
def publish_postgres() -> Answer:
    """Bring PostgreSQL to the release that the files serve.

    Where it serves it already, nothing is done. SERVICE_INDEX_POSTGRES_URL says which server.
    """
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.postgres import publish_to_postgres
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        with one_writer(settings.data, note):
            made = publish_to_postgres(settings.serving, settings.postgres_url)
    except PublishError as error:
        raise NotDoneError(error) from error
    return Answer({"postgres": made}, made.lines)


@_command(then="refresh", example="unhold --by NAME --reason WHY")
def unhold(by: By, reason: Reason) -> Answer:
    """Let the next run publish again."""
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import holds, lift_hold
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        asked = holds(settings.serving)
        with one_writer(settings.data, note):
            lifted = lift_hold(settings.serving, by, reason, datetime.now(UTC), asked)
    except PublishError as error:
        raise NotDoneError(f"not lifted: {error}") from error
    return Answer(
        {"lifted": lifted},
        [f"lifted: the hold of {hold.at} ({hold.reason}); the next run may publish" for hold in lifted],
    )


@_command(then="releases", example="close 2025-10-01")
def close(
    month: Day, revise: Annotated[str, typer.Option(help="Freeze it once more, and why.")] = ""
) -> Answer:
    """Freeze the month of a day as it is served.

    A month that is over.
    """
    from orchestration.publishing.closed_months import close_month
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.release import current, refuse_if_replaced
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        asked = current(settings.serving)
        with one_writer(settings.data, note):
            refuse_if_replaced(settings.serving, asked)
            made = close_month(settings.serving, settings.closed, month, datetime.now(UTC), revise)
    except PublishError as error:
        raise NotDoneError(f"not closed: {error}") from error
    facts = {
        "month": made.month,
        "revision": made.revision,
        "status": made.status,
        "reason": made.manifest["reason"] or None,
        "is_new": made.is_new,
    }
    status = "closed" if made.is_new else "was closed already"
    said = f"{made.month} {status}, revision {made.revision}, {made.status} {made.manifest['reason']}"
    return Answer(facts, [said.rstrip()])


@_command(then="rollback --to RELEASE --by NAME --reason WHY")
def releases() -> Answer:
    """List what is kept, what is served, and what is held."""
    from orchestration.answers.releases import kept_releases

    return kept_releases(Settings.from_environment().serving)


@_command(then="refresh", example="retract FILE --by NAME --reason WHY")
def retract(
    file: Annotated[str, typer.Argument(help="Its path below the landing folder.")], by: By, reason: Reason
) -> Answer:
    """Take a file back out of the lake, for good."""
    from orchestration.damage import DamagedError
    from orchestration.fingerprints import served_deliveries
    from orchestration.ingestion.retraction import RetractError, retract
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    source, now = file.split("/", maxsplit=1)[0], datetime.now(UTC)
    try:
        # A run that has read the file already would publish it once more, and say that it was taken back.
        with one_writer(settings.data, note):
            served = served_deliveries(settings).files
            made = retract(settings.lake, settings.landing, source, file, reason, now, by, served)
    except (RetractError, DamagedError) as error:
        raise NotDoneError(f"not retracted: {error}") from error
    said = f"retracted {shell_word(made.source_file)}; the next refresh publishes without it"
    return Answer({"retracted": made}, [said])


@_command(then="report", example="dev --port 3001", answers=False)
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


@_command(
    then="check-mapping MAPPING FILE",
    example="explain-mapping mappings/vendor_flat.yml dossiers --column received_at",
)
def explain_mapping(
    mapping: Mapping,
    dataset: Dataset = "dossiers",
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only what becomes of this column of the lake; can be repeated."),
    ] = None,
) -> Answer:
    """Print the two statements that a mapping is: from the fields of a file to rows, and what is wrong with rows."""
    from orchestration.ingestion.contracts import RECORD_SOURCES
    from orchestration.ingestion.records.mapping import InvalidFileError, read_mapping
    from orchestration.ingestion.records.row_query import explained

    try:
        plan = read_mapping(mapping).sources.get(dataset)
    except (InvalidFileError, OSError) as error:
        raise NotDoneError(error, code=2) from error
    if plan is None:
        raise NotDoneError(
            f"{mapping}: found no source {dataset}, expected one; see docs/how-to/add-a-vendor.md"
        )
    if unknown := [name for name in column or () if name not in plan.columns]:
        raise NotDoneError(
            f"{mapping}: found no column {unknown[0]} of {dataset}, expected one of {', '.join(plan.columns)}"
        )
    statements = explained(RECORD_SOURCES[dataset], plan, column or ())
    return Answer({"mapping": mapping, "dataset": dataset, "sql": statements}, [statements])


@_command(then="refresh", example="check-mapping mappings/vendor_flat.yml FILE dossiers")
def check_mapping(
    mapping: Mapping,
    sample: Annotated[Path, typer.Argument(help="A file as it is delivered.")],
    source: Dataset = "dossiers",
) -> Answer:
    """Show what a mapping makes of a sample; nothing is written.

    Exit code 0 if every row would be accepted, 1 if not, 2 if the mapping itself is wrong."""
    from orchestration.answers.mapping_trial import mapping_trial
    from orchestration.ingestion.records.check_mapping import try_mapping
    from orchestration.ingestion.records.mapping import InvalidFileError

    try:
        tried = try_mapping(mapping, sample, source, Settings.from_environment().reference)
    except (InvalidFileError, OSError, ValueError) as error:
        raise NotDoneError(error, code=2) from error
    return mapping_trial(tried, sample)


@_command(then="check-mapping MAPPING FILE")
def contracts() -> Answer:
    """Write what follows from the contracts.

    dbt's sources, the datasets of docs/lake.md, the schema for editors.
    """
    from orchestration.ingestion.contract_pages import pages

    written = pages()
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
    return Answer({"written": [*written]}, [f"written: {path}" for path in written])


@_command(then="report")
def charts() -> Answer:
    """Write the charts of the scoreboard, and the script that draws them."""
    from orchestration.publishing.scoreboard.charts import files

    written = files()
    for path, content in written.items():
        path.write_bytes(content)
    return Answer({"written": [*written]}, [f"written: {path}" for path in written])


@_command(then="report")
def dbt_docs() -> Answer:
    """Write dbt's own documentation as one page: models down to the sources, SQL, tests, lineage."""
    from orchestration.dbt_docs import write_dbt_docs

    written = write_dbt_docs(Settings.from_environment())
    return Answer({"written": written}, [f"written: {written}"])


@_command(then="releases")
def report() -> Answer:
    """Print the served ranking and the reconciliation."""
    from orchestration.report import report
    from orchestration.simulation.article import beside_article

    with _served() as serving:
        by_portal, by_records = report(serving), beside_article(serving)
    places = {"warehouse": serving / "warehouse.duckdb", "report_page": serving / "report.html"}
    places["scoreboard"], places["dictionary"] = serving / "scoreboard.html", serving / "dictionary.html"
    return Answer(
        {**by_portal.facts, "headline": by_records.facts if by_records else None, **places},
        [
            *by_portal.shown,
            *(["", *by_records.shown] if by_records else []),
            "",
            f"Marts for BI tools: {places['warehouse']} (schema marts), also as Parquet",
            f"Why this was released: {places['report_page']}",
            f"For people, in a browser: {places['scoreboard']}",
            f"What each table and column means: {places['dictionary']}",
        ],
    )


@_command(then="report", example="history H19 --period month")
def history(
    unit: Unit,
    period: Annotated[
        str | None,
        typer.Option(help="year_to_date, quarter or month alone.", callback=_one_of(_portal_period_types)),
    ] = None,
) -> Answer:
    """Print what the portal published of one unit, day by day.

    Total, groups and ranks as they are served; figures under different rules stand apart.
    """
    from orchestration.history import history

    with _served() as serving:
        return history(serving, unit, period)


@_command(then="explain H19", example="rank --within H21 --level department")
def rank(
    level: Annotated[
        str | None,
        typer.Option(
            help="province, department or commune; without it provinces, or the communes of --within.",
            callback=_one_of(_levels),
        ),
    ] = None,
    within: Annotated[
        str | None, typer.Option(metavar="PROVINCE", help="Whose departments or communes.")
    ] = None,
    basis: Basis = "portal",
    period_type: PeriodType = "year_to_date",
    period: Period = "latest",
    top: Annotated[
        int | None, typer.Option(min=1, help="How many; without it ten, and all with --json.")
    ] = None,
) -> Answer:
    """Print a ranking, best first.

    Place, movement, score, band, and the portal's own place and score.
    """
    from orchestration.ranking import ranking

    with _served() as serving:
        return ranking(serving, level, within, basis, period_type, period, top)


@_command(then="gap H19", example="explain H19 --from 2026-10-06 --to 2026-10-10")
def explain(
    unit: Unit,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DAY",
            help="As --to; without it, what the ranking compares with, or the figures before.",
        ),
    ] = None,
    since_release: Annotated[
        str | None,
        typer.Option(
            metavar="RELEASE",
            help="Instead of --from: what an earlier release said; previous, or its id (releases).",
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="DAY", help="The day that figures go up to, or a period_id; without it, the latest."
        ),
    ] = None,
    basis: Basis = "portal",
    period_type: PeriodType = "year_to_date",
) -> Answer:
    """Print which parts of a total moved it, and by how much: between two periods, or one period since a release.

    The biggest first; they add up to the change of the total. Exit code 1 where there is no total, or the two periods are
    not comparable.
    """
    from orchestration.movement import movement, movement_since

    if from_ and since_release:
        raise NotDoneError("found --from and --since-release, expected one of them", 2)
    with _served() as serving:
        if since_release:
            return movement_since(serving, unit, since_release, to, basis, period_type)
        return movement(serving, unit, from_, to, basis, period_type)


@_command(then="history H19", example="gap H19 --goal next_rank")
def gap(
    unit: Unit,
    goal: Annotated[
        str | None,
        typer.Option(help="next_tenth, next_rank or next_band; without it, each.", callback=_one_of(_goals)),
    ] = None,
    basis: Basis = "portal",
    period_type: PeriodType = "year_to_date",
    period: Period = "latest",
) -> Answer:
    """Print the steps to a better score that take the fewest counted units, and what is lost most on.

    A step is so many more counted units, scored again by the rules.
    """
    from orchestration.score_plan import score_plan

    with _served() as serving:
        return score_plan(serving, unit, goal, basis, period_type, period)


@_command(then="releases")
def status() -> Answer:
    """Print what is served, how old it is, and what waits for a person.

    Exit code 1 if something does: nothing is served, PostgreSQL serves something else, a hold lasts, the portal's breaker
    is open, a delivery is overdue, or an alert came after what is served was published; 0 if not.
    """
    from orchestration.status import status

    return status(Settings.from_environment(), datetime.now(UTC))


@_command(
    then="report", example="metrics --metrics timely_ratio --group-by province__name,metric_time__month"
)
def metrics(
    metrics: Annotated[
        str, typer.Option(metavar="METRIC,...", help="What is asked for; without it, what may be.")
    ] = "",
    group_by: Annotated[str, typer.Option(metavar="DIMENSION,...", help="By what.")] = "",
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION",
            help="Of which rows: \"{{ Dimension('province__kind') }} = 'city'\"; all that are given hold.",
        ),
    ] = None,
    order: Annotated[
        str, typer.Option(metavar="NAME,...", help="In which order; - before a name turns it round.")
    ] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="How many rows.")] = None,
) -> Answer:
    """Ask what is served for metrics by dimensions, from records.

    Counts are added, ratios are of added counts, and points are not asked for: docs/metrics.md.
    """
    from orchestration.metrics import Question, ask

    question = Question(_names(metrics), _names(group_by), where or (), _names(order), limit)
    return ask(Settings.from_environment(), question)


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


@_command(then="refresh", example="simulate --scale 0.01")
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


@_command(then="releases", answers=False)
def completion() -> Answer:
    """Print what makes bash complete commands, options, datasets and releases.

    To be read by the shell: source <(bin/service-index completion). zsh reads it too, after bashcompinit.
    """
    return Answer({}, [_COMPLETION.replace("VARIABLE", COMPLETE)])


# `$1` is the command as it was typed, from whatever folder.
_COMPLETION = """\
_service_index() {
    local IFS=$'\\n'
    COMPREPLY=( $(env COMP_WORDS="${COMP_WORDS[*]}" COMP_CWORD=$COMP_CWORD VARIABLE=complete_bash "$1" 2>/dev/null) )
}
complete -o default -F _service_index service-index"""


if __name__ == "__main__":
    sys.exit(main())
