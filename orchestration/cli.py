"""The command line: `bin/service-index WORD`, `--help` lists the words.

Belongs here: arguments, exit codes and what is printed. What the words do is in the modules called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orchestration.commands import as_text, command, shell_word, signed
from orchestration.ingestion.landing import RECORD_DATASETS, Days
from orchestration.settings import Settings, UnusablePathError
from orchestration.shown import JOINER, on_terminal

_ABOUT = "What a person does with an installation. Names, reasons and files are taken as they are written."
#: Options whose value is text that may begin with a dash.
_TEXT = ("--by", "--reason", "--revise", "--to")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when it did not, 2 when it was not understood."""
    with on_terminal():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else list(arguments)
    understood = parser()
    unreadable = [word for word in words if word != word.encode(errors="replace").decode()]
    if unreadable:
        understood.error(f"found {unreadable[0]!a}, expected text in UTF-8; set the terminal to UTF-8")
    given = understood.parse_args(_joined(words))
    try:
        settings = Settings.from_environment()
    except UnusablePathError as error:
        _say(error, error=True)
        return 1
    from orchestration.run_lock import remove_leftovers

    remove_leftovers(settings.data)
    code: int = given.run(settings, given)
    return code


def _say(*words: object, error: bool = False) -> None:
    """To the terminal, as text: what was delivered or typed may hold what a terminal takes for orders.

    What takes Markdown apart in Dagster's descriptions is left out: a name is shown as a command takes it.
    """
    said = " ".join(map(str, words)).replace(JOINER, "")
    print(as_text(said), file=sys.stderr if error else sys.stdout, flush=True)


def _text(given: str) -> str:
    if not given.strip():
        raise argparse.ArgumentTypeError("found nothing; whoever asks tomorrow will want to know")
    return given


def _joined(words: Sequence[str]) -> list[str]:
    """`--reason X` as `--reason=X`, whatever X is: argparse takes an X with a dash for an option."""
    joined: list[str] = []
    rest = iter(words)
    for word in rest:
        if word == "--":
            return [*joined, word, *rest]
        value = next(rest, None) if word in _TEXT else None
        joined.append(word if value is None else f"{word}={value}")
    return joined


def parser() -> argparse.ArgumentParser:
    """The words, with what each takes."""
    whole = argparse.ArgumentParser(prog="bin/service-index", description=_ABOUT, allow_abbrev=False)
    commands = whole.add_subparsers(required=True, metavar="WORD")

    def add(
        word: str, run: Callable[[Settings, argparse.Namespace], int], told: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(word, help=told, description=told, allow_abbrev=False)
        made.set_defaults(run=run)
        return made

    add("land-samples", _land_samples, "put the real samples of the portal into the landing folder")
    refreshing = add("refresh", _refresh, "run the job on all that landed: ingest, gates, dbt, publish")
    refreshing.add_argument("--rebuild", action="store_true", help="make every table anew")
    backfilling = add("backfill", _backfill, "run the job on the deliveries of some days, as one run")
    backfilling.add_argument("first", type=date.fromisoformat, help="YYYY-MM-DD")
    backfilling.add_argument("last", type=date.fromisoformat, help="YYYY-MM-DD, included")
    pulling = add("pull", _pull, "fetch a day from the gateways into the landing folder")
    pulling.add_argument("day", type=date.fromisoformat, help="YYYY-MM-DD")
    add("report", _report, "print the served ranking and the reconciliation")
    taking_back = add("retract", _retract, "take a file back out of the lake, for good")
    taking_back.add_argument("file", help="its path below the landing folder")
    approving = add("approve", _approve, "run the job, and let one hold pass")
    approving.add_argument("hold", help="as the failed check names it")
    stepping = add("rollback", _rollback, "serve an earlier release, and hold what comes next")
    stepping.add_argument("--to", help="a release that is kept; without it, the one before")
    unholding = add("unhold", _unhold, "let the next run publish again")
    for asked in (approving, stepping, unholding, taking_back):
        asked.add_argument("--by", type=_text, required=True, help="who says so")
        asked.add_argument("--reason", type=_text, required=True, help="why")
    closing = add("close", _close, "freeze a month that is over, as it is served")
    closing.add_argument("month", type=date.fromisoformat, help="any day of it, YYYY-MM-DD")
    closing.add_argument("--revise", default="", help="freeze it once more, and why")
    add("releases", _releases, "list what is kept, what is served, and what is held")
    serving = add(
        "dev", _dev, "Dagster's interface on this machine, and what runs by itself, until it is ended"
    )
    serving.add_argument("--port", type=int, default=3000)
    trying = add("check-mapping", _check_mapping, "show what a mapping makes of a sample; writes nothing")
    trying.add_argument("mapping", type=Path)
    trying.add_argument("sample", type=Path, metavar="file")
    trying.add_argument("source", nargs="?", default="dossiers", choices=RECORD_DATASETS)
    add(
        "contracts",
        _contracts,
        "write what follows from the contracts: dbt's sources, docs/lake.md, a schema",
    )
    return whole


def _land_samples(settings: Settings, _: argparse.Namespace) -> int:
    from orchestration.samples import land_samples

    for path in land_samples(settings):
        _say(f"landed {path.relative_to(settings.data)}")
    return 0


def _refresh(settings: Settings, given: argparse.Namespace) -> int:
    return _run(settings, rebuild=given.rebuild)


def _backfill(settings: Settings, given: argparse.Namespace) -> int:
    return _run(settings, days=Days(given.first, given.last))


def _approve(settings: Settings, given: argparse.Namespace) -> int:
    return _run(settings, approval={"hold": given.hold, "by": given.by, "reason": given.reason})


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


def _pull(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.defs.extraction import pull_days
    from orchestration.run_lock import one_writer

    settings.landing.mkdir(parents=True, exist_ok=True)
    with one_writer(settings.data, _say):
        told, wrong = pull_days(settings, Days(given.day, given.day))
    _say("\n".join([*told, *wrong]) or f"no gateway is known; name them in {settings.gateways}")
    return int(bool(wrong))


def _rollback(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import release_before, roll_back
    from orchestration.run_lock import one_writer

    try:
        # Before what is served now, not before what a run publishes while this waits for it.
        to = given.to or release_before(settings.serving)
        with one_writer(settings.data, _say):
            made = roll_back(settings.serving, given.by, given.reason, datetime.now(UTC), to)
    except PublishError as error:
        _say(f"not stepped back: {error}", error=True)
        return 1
    lift = command("unhold", "--by", "NAME", "--reason", "WHY")
    _say(f"served again: {made.to_release}; nothing new is published until: {lift}")
    return 0


def _unhold(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.rollback import holds, lift_hold
    from orchestration.run_lock import one_writer

    try:
        asked = holds(settings.serving)
        with one_writer(settings.data, _say):
            lifted = lift_hold(settings.serving, given.by, given.reason, datetime.now(UTC), asked)
    except PublishError as error:
        _say(f"not lifted: {error}", error=True)
        return 1
    for record in lifted:
        _say(f"lifted: the hold of {record.at} ({record.reason}); the next run may publish")
    return 0


def _close(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.publishing.closed_months import close_month
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.release import current, refuse_if_replaced
    from orchestration.run_lock import one_writer

    try:
        asked = current(settings.serving)
        with one_writer(settings.data, _say):
            refuse_if_replaced(settings.serving, asked)
            made = close_month(
                settings.serving, settings.closed, given.month, datetime.now(UTC), given.revise
            )
    except PublishError as error:
        _say(f"not closed: {error}", error=True)
        return 1
    told = "closed" if made.is_new else "was closed already"
    _say(f"{made.month} {told}, revision {made.revision}, {made.status} {made.manifest['reason']}".rstrip())
    return 0


def _releases(settings: Settings, _: argparse.Namespace) -> int:
    from orchestration.publishing.marts import PublishError
    from orchestration.publishing.release import current_name, damaged_releases, list_releases
    from orchestration.publishing.rollback import hold_of, records

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


def _retract(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.damage import DamagedError
    from orchestration.fingerprints import served_deliveries
    from orchestration.ingestion.retraction import RetractError, retract
    from orchestration.run_lock import one_writer

    source, now = given.file.split("/", maxsplit=1)[0], datetime.now(UTC)
    try:
        # A run that has read the file already would publish it once more, and say that it was taken back.
        with one_writer(settings.data, _say):
            served = served_deliveries(settings).files
            made = retract(
                settings.lake, settings.landing, source, given.file, given.reason, now, given.by, served
            )
    except (RetractError, DamagedError) as error:
        _say(f"not retracted: {error}", error=True)
        return 1
    _say(f"retracted {shell_word(made.source_file)}; the next refresh publishes without it")
    return 0


def _dev(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.defs.interface import UnusableOriginError, run

    _say(f"http://localhost:{given.port} (Ctrl-C ends it)")
    try:
        return run(settings, given.port)
    except UnusableOriginError as error:
        _say(f"not started: {error}", error=True)
        return 1


def _check_mapping(settings: Settings, given: argparse.Namespace) -> int:
    """0 if every row would be accepted, 1 if not, 2 if the mapping itself is wrong."""
    from orchestration.ingestion.records.check_mapping import try_mapping
    from orchestration.ingestion.records.mapping import InvalidFileError

    try:
        tried = try_mapping(given.mapping, given.sample, given.source, settings.reference)
    except (InvalidFileError, OSError, ValueError) as error:
        _say(error, error=True)
        return 2
    for file in tried.files:
        _say(
            f"{given.sample}: {file.rows_accepted} of {file.rows_read} rows would be accepted as {given.source},"
            f" {file.rows_quarantined} refused, {file.rows_duplicate} are duplicates,"
            f" {file.elements_aside} values would be left out"
        )
        for problem in file.problems:
            _say(f"  {problem}")
    return int(tried.is_blocked)


def _contracts(_: Settings, __: argparse.Namespace) -> int:
    from orchestration.ingestion.contract_pages import pages

    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
        _say(f"written: {path}")
    return 0


def _report(settings: Settings, _: argparse.Namespace) -> int:
    from orchestration.report import headline, report

    _say(report(settings.serving))
    from_records = headline(settings.serving)
    if from_records:
        _say(f"\n{from_records}")
    _say(f"\nMarts for BI tools: {settings.serving / 'warehouse.duckdb'} (schema marts), also as Parquet")
    _say(f"Why this was released: {settings.serving / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
