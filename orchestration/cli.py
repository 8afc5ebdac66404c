"""The command line: `bin/service-index COMMAND`, `--help` lists the commands.

Belongs here: arguments, exit codes and what is printed. What the commands do is in the modules called.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from orchestration.commands import PROGRAM, as_text, command, shell_word, signed
from orchestration.ingestion.landing import RECORD_DATASETS, Days
from orchestration.settings import Settings, UnusablePathError
from orchestration.shown import JOINER, on_terminal


def _exit(code: int) -> None:
    raise typer.Exit(code)


# Plain text: what was delivered or typed may hold what rich takes for markup.
app = typer.Typer(
    result_callback=_exit, rich_markup_mode=None, pretty_exceptions_enable=False, no_args_is_help=False
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when it did not, 2 when it was not understood."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    with on_terminal():
        unreadable = [word for word in words if word != word.encode(errors="replace").decode()]
        if unreadable:
            _say(f"Usage: {PROGRAM} COMMAND", error=True)
            _say(f"found {unreadable[0]!a}, expected text in UTF-8; set the terminal to UTF-8", error=True)
            return 2
        try:
            app(words, prog_name=PROGRAM)
        except SystemExit as ended:
            return ended.code if isinstance(ended.code, int) else 0
        except UnusablePathError as error:
            _say(error, error=True)
            return 1
    raise AssertionError("a command ends by its exit code")


@app.callback()
def _before() -> None:
    """What a person does with an installation. Names, reasons and files are taken as they are written."""
    from orchestration.run_lock import remove_leftovers

    remove_leftovers(Settings.from_environment().data)


def _say(*words: object, error: bool = False) -> None:
    """To the terminal, as text: what was delivered or typed may hold what a terminal takes for orders.

    What takes Markdown apart in Dagster's descriptions is left out: a name is shown as a command takes it.
    """
    said = " ".join(map(str, words)).replace(JOINER, "")
    print(as_text(said), file=sys.stderr if error else sys.stdout, flush=True)


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


By = Annotated[str, typer.Option(help="Who says so.", callback=_text)]
Reason = Annotated[str, typer.Option(help="Why.", callback=_text)]
Day = Annotated[Any, typer.Argument(parser=_day, metavar="YYYY-MM-DD")]


@app.command()
def land_samples() -> int:
    """Put the real samples of the portal into the landing folder."""
    from orchestration.samples import land_samples

    settings = Settings.from_environment()
    for path in land_samples(settings):
        _say(f"landed {path.relative_to(settings.data)}")
    return 0


@app.command()
def refresh(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make every table again.")] = False,
) -> int:
    """Run the job: ingest what landed, gates, dbt, publish."""
    settings = Settings.from_environment()
    return _run(settings, rebuild=rebuild)


@app.command()
def backfill(first: Day, last: Day) -> int:
    """Run the job on the deliveries of some days.

    The last is included; it is one run.
    """
    settings = Settings.from_environment()
    return _run(settings, days=Days(first, last))


@app.command()
def approve(
    hold: Annotated[str, typer.Argument(help="As the failed check names it.")], by: By, reason: Reason
) -> int:
    """Run the job, and let one hold pass."""
    settings = Settings.from_environment()
    return _run(settings, approval={"hold": hold, "by": by, "reason": reason})


def _run(settings: Settings, **what: Any) -> int:
    from orchestration.defs.partitions import NoSuchDaysError
    from orchestration.defs.run_job import refresh  # imports Dagster: seconds

    try:
        outcome = refresh(settings, **what)
    except NoSuchDaysError as error:
        _say(f"not run: {error}", error=True)
        return 1
    _say("\n".join(outcome.lines))
    return 0 if outcome.success else 1


@app.command()
def pull(day: Day) -> int:
    """Fetch a day from the gateways into the landing folder."""
    from orchestration.defs.extraction import pull_days
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    settings.landing.mkdir(parents=True, exist_ok=True)
    with one_writer(settings.data, _say):
        pulled, wrong = pull_days(settings, Days(day, day))
    _say("\n".join([*pulled, *wrong]) or f"no gateway is known; name them in {settings.gateways}")
    return int(bool(wrong))


@app.command()
def rollback(
    by: By,
    reason: Reason,
    to: Annotated[
        str | None, typer.Option(help="A release that is kept; without it, the one before.")
    ] = None,
) -> int:
    """Serve an earlier release, and hold what comes next."""
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import release_before, roll_back
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        # Before what is served now, not before what a run publishes while this waits for it.
        target = to or release_before(settings.serving)
        with one_writer(settings.data, _say):
            made = roll_back(settings.serving, by, reason, datetime.now(UTC), target)
    except PublishError as error:
        _say(f"not stepped back: {error}", error=True)
        return 1
    lift = command("unhold", "--by", "NAME", "--reason", "WHY")
    _say(f"served again: {made.to_release}; nothing new is published until: {lift}")
    return 0


@app.command()
def unhold(by: By, reason: Reason) -> int:
    """Let the next run publish again."""
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import holds, lift_hold
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    try:
        asked = holds(settings.serving)
        with one_writer(settings.data, _say):
            lifted = lift_hold(settings.serving, by, reason, datetime.now(UTC), asked)
    except PublishError as error:
        _say(f"not lifted: {error}", error=True)
        return 1
    for record in lifted:
        _say(f"lifted: the hold of {record.at} ({record.reason}); the next run may publish")
    return 0


@app.command()
def close(month: Day, revise: Annotated[str, typer.Option(help="Freeze it once more, and why.")] = "") -> int:
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
        with one_writer(settings.data, _say):
            refuse_if_replaced(settings.serving, asked)
            made = close_month(settings.serving, settings.closed, month, datetime.now(UTC), revise)
    except PublishError as error:
        _say(f"not closed: {error}", error=True)
        return 1
    status = "closed" if made.is_new else "was closed already"
    _say(f"{made.month} {status}, revision {made.revision}, {made.status} {made.manifest['reason']}".rstrip())
    return 0


@app.command()
def releases() -> int:
    """List what is kept, what is served, and what is held."""
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.release import current_name, damaged_releases, list_releases
    from orchestration.publishing.rollback import hold_of, records

    settings = Settings.from_environment()
    served = current_name(settings.serving)
    for release in list_releases(settings.serving):
        facts = release.manifest
        marks = [
            *(["served"] if served == release.release_id else []),
            *(["synthetic records"] if facts["contains_synthetic"] else []),
            *(
                f"retracted {shell_word(entry['source_file'])} by {_signed(entry)}"
                for entry in facts["retracted"]
            ),
            *(
                f"approved {entry['hold']} by {_signed(entry)}, {entry.get('through', 'not recorded how')}"
                for entry in facts.get("approvals", ())
            ),
            *(f"closed {entry}" for entry in facts.get("closed", ())),
        ]
        _say(f"{release.release_id}  {len(facts['inputs'])} batches  {', '.join(marks)}".rstrip())
    for damage in damaged_releases(settings.serving):
        _say(f"DAMAGED {damage}")
    try:
        hold_of(settings.serving)
    except PublishError as error:
        _say(f"HELD: {error}")
        return 1
    for record in records(settings.serving):
        lifted = f"lifted {record.lifted_at} by {signed(record.lifted_by, record.lifted_os_user)}"
        _say(
            f"{record.at}  back from {record.from_release} to {record.to_release} by"
            f" {signed(record.by, record.os_user)}: {record.reason};"
            f" {f'{lifted}: {record.lifted_reason}' if record.lifted_at else 'HELD'}"
        )
    return 0


def _signed(entry: Mapping[str, Any]) -> str:
    return signed(entry.get("by", ""), entry.get("os_user", ""))


@app.command()
def retract(
    file: Annotated[str, typer.Argument(help="Its path below the landing folder.")], by: By, reason: Reason
) -> int:
    """Take a file back out of the lake, for good."""
    from orchestration.damage import DamagedError
    from orchestration.fingerprints import served_deliveries
    from orchestration.ingestion.retraction import RetractError, retract
    from orchestration.run_lock import one_writer

    settings = Settings.from_environment()
    source, now = file.split("/", maxsplit=1)[0], datetime.now(UTC)
    try:
        # A run that has read the file already would publish it once more, and say that it was taken back.
        with one_writer(settings.data, _say):
            served = served_deliveries(settings).files
            made = retract(settings.lake, settings.landing, source, file, reason, now, by, served)
    except (RetractError, DamagedError) as error:
        _say(f"not retracted: {error}", error=True)
        return 1
    _say(f"retracted {shell_word(made.source_file)}; the next refresh publishes without it")
    return 0


@app.command()
def dev(port: int = 3000) -> int:
    """Run Dagster's interface and daemon, until ended.

    For this machine alone: docs/security.md says how it is put behind a login.
    """
    from orchestration.defs.interface import UnusableOriginError, run

    settings = Settings.from_environment()
    _say(f"http://localhost:{port} (Ctrl-C ends it)")
    try:
        return run(settings, port)
    except UnusableOriginError as error:
        _say(f"not started: {error}", error=True)
        return 1


@app.command()
def explain_mapping(
    mapping: Annotated[Path, typer.Argument(help="The mapping.")],
    dataset: Annotated[str, typer.Argument(callback=_dataset, help="What is delivered.")] = "dossiers",
) -> int:
    """Print the two statements that a mapping is: from the fields of a file to rows, and what is wrong with rows."""
    from orchestration.ingestion.contracts import RECORD_SOURCES
    from orchestration.ingestion.records.mapping import InvalidFileError, read_mapping
    from orchestration.ingestion.records.row_query import explained

    try:
        plan = read_mapping(mapping).sources.get(dataset)
    except (InvalidFileError, OSError) as error:
        _say(error, error=True)
        return 2
    if plan is None:
        _say(
            f"{mapping}: found no source {dataset}, expected one; see docs/how-to/add-a-vendor.md", error=True
        )
        return 1
    _say(explained(RECORD_SOURCES[dataset], plan))
    return 0


@app.command()
def check_mapping(
    mapping: Path,
    sample: Path,
    source: Annotated[str, typer.Argument(callback=_dataset)] = "dossiers",
) -> int:
    """Show what a mapping makes of a sample; nothing is written.

    Exit code 0 if every row would be accepted, 1 if not, 2 if the mapping itself is wrong."""
    from orchestration.ingestion.records.check_mapping import try_mapping
    from orchestration.ingestion.records.mapping import InvalidFileError

    settings = Settings.from_environment()
    try:
        tried = try_mapping(mapping, sample, source, settings.reference)
    except (InvalidFileError, OSError, ValueError) as error:
        _say(error, error=True)
        return 2
    for file in tried.files:
        _say(
            f"{sample}: {file.rows_accepted} of {file.rows_read} rows would be accepted as {source},"
            f" {file.rows_quarantined} refused, {file.rows_duplicate} are duplicates,"
            f" {file.elements_aside} values would be left out"
        )
        for problem in file.problems:
            _say(f"  {problem}")
    return int(tried.is_blocked)


@app.command()
def contracts() -> int:
    """Write what follows from the contracts.

    dbt's sources, the datasets of docs/lake.md, the schema for editors.
    """
    from orchestration.ingestion.contract_pages import pages

    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        _say(f"written: {path}")
    return 0


@app.command()
def report() -> int:
    """Print the served ranking and the reconciliation."""
    from orchestration.report import headline, report

    settings = Settings.from_environment()
    _say(report(settings.serving))
    from_records = headline(settings.serving)
    if from_records:
        _say(f"\n{from_records}")
    _say(f"\nMarts for BI tools: {settings.serving / 'warehouse.duckdb'} (schema marts), also as Parquet")
    _say(f"Why this was released: {settings.serving / 'report.html'}")
    return 0


@app.command()
def simulate(
    scale: Annotated[float, typer.Option(help="Share of the nation's 25 million dossiers.")] = 0.01,
    seed: int = 1,
    landing: Annotated[Path | None, typer.Option(help="Where to; without it, the landing folder.")] = None,
    format_: Annotated[str, typer.Option("--format", help="Of bulk files.")] = "parquet",
) -> int:
    """Make up synthetic deliveries of records.

    They are marked as such wherever they are seen; what they come to is printed.
    """
    from orchestration.simulation.formats import check_format
    from orchestration.simulation.generator import simulate

    settings = Settings.from_environment()
    made = simulate(landing or settings.landing, settings.reference, scale, seed, check_format(format_))
    _say(made.as_text())
    return 0


if __name__ == "__main__":
    sys.exit(main())
