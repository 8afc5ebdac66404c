"""The command line: `python -m orchestration.cli WORD`, `--help` lists the words.

Belongs here: arguments, exit codes and what is printed. What the words do is in the modules called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from orchestration.ingest.landing import Days
from orchestration.settings import Settings, UnusablePathError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when it did not."""
    given = _parser().parse_args(arguments)
    try:
        settings = Settings.from_environment()
    except UnusablePathError as error:
        print(error, file=sys.stderr)
        return 1
    from orchestration.lock import remove_leftovers

    remove_leftovers(settings.data)
    code: int = given.run(settings, given)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="service-index", description=__doc__)
    commands = parser.add_subparsers(required=True)

    def add(
        word: str, run: Callable[[Settings, argparse.Namespace], int], told: str
    ) -> argparse.ArgumentParser:
        made = commands.add_parser(word, help=told)
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
    taking_back.add_argument("reason", help="why; the next release tells it")
    approving = add("approve", _approve, "run the job, and let one hold pass")
    approving.add_argument("hold", help="as the failed check names it")
    stepping = add("rollback", _rollback, "serve an earlier release, and hold what comes next")
    stepping.add_argument("--to", help="a release that is kept; without it, the one before")
    unholding = add("unhold", _unhold, "let the next run publish again")
    for asked in (approving, stepping, unholding):
        asked.add_argument("--by", required=True, help="who says so")
        asked.add_argument("--reason", required=True, help="why")
    closing = add("close", _close, "freeze a month that is over, as it is served")
    closing.add_argument("month", type=date.fromisoformat, help="any day of it, YYYY-MM-DD")
    closing.add_argument("--revise", default="", help="freeze it once more, and why")
    add("releases", _releases, "list what is kept, what is served, and what is held")
    return parser


def _land_samples(settings: Settings, _: argparse.Namespace) -> int:
    from orchestration.samples import land_samples

    for path in land_samples(settings):
        print(f"landed {path.relative_to(settings.data)}")
    return 0


def _refresh(settings: Settings, given: argparse.Namespace) -> int:
    return _run(settings, rebuild=given.rebuild)


def _backfill(settings: Settings, given: argparse.Namespace) -> int:
    return _run(settings, days=Days(given.first, given.last))


def _approve(settings: Settings, given: argparse.Namespace) -> int:
    return _run(settings, approval={"hold": given.hold, "by": given.by, "reason": given.reason})


def _run(settings: Settings, **what: Any) -> int:
    from orchestration.partitions import NoSuchDaysError
    from orchestration.run import refresh  # imports Dagster: seconds

    try:
        outcome = refresh(settings, **what)
    except NoSuchDaysError as error:
        print(f"not run: {error}", file=sys.stderr)
        return 1
    print("\n".join(outcome.lines))
    return 0 if outcome.success else 1


def _pull(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.assets.pulling import pull_days
    from orchestration.lock import one_writer

    settings.landing.mkdir(parents=True, exist_ok=True)
    with one_writer(settings.data, print):
        told, wrong = pull_days(settings, Days(given.day, given.day))
    print("\n".join([*told, *wrong]) or f"no gateway is known; name them in {settings.gateways}")
    return int(bool(wrong))


def _rollback(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.lock import one_writer
    from orchestration.publish.marts import PublishError
    from orchestration.publish.rollback import release_before, step_back

    try:
        # Before what is served now, not before what a run publishes while this waits for it.
        to = given.to or release_before(settings.serving)
        with one_writer(settings.data, print):
            made = step_back(settings.serving, given.by, given.reason, datetime.now(UTC), to)
    except PublishError as error:
        print(f"not stepped back: {error}", file=sys.stderr)
        return 1
    print(f"served again: {made.to_release}; nothing new is published until: make unhold BY=... REASON=...")
    return 0


def _unhold(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.lock import one_writer
    from orchestration.publish.marts import PublishError
    from orchestration.publish.rollback import lift_hold

    asked = datetime.now(UTC)
    try:
        with one_writer(settings.data, print):
            lifted = lift_hold(settings.serving, given.by, given.reason, asked)
    except PublishError as error:
        print(f"not lifted: {error}", file=sys.stderr)
        return 1
    for record in lifted:
        print(f"lifted: the hold of {record.at} ({record.reason}); the next run may publish")
    return 0


def _close(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.lock import one_writer
    from orchestration.publish.close import close_month
    from orchestration.publish.marts import PublishError
    from orchestration.publish.release import current, refuse_if_replaced

    try:
        asked = current(settings.serving)
        with one_writer(settings.data, print):
            refuse_if_replaced(settings.serving, asked)
            made = close_month(
                settings.serving, settings.closed, given.month, datetime.now(UTC), given.revise
            )
    except PublishError as error:
        print(f"not closed: {error}", file=sys.stderr)
        return 1
    told = "closed" if made.is_new else "was closed already"
    print(f"{made.month} {told}, revision {made.revision}, {made.status} {made.manifest['reason']}".rstrip())
    return 0


def _releases(settings: Settings, _: argparse.Namespace) -> int:
    from orchestration.publish.marts import PublishError
    from orchestration.publish.release import current_name, damaged_releases, list_releases
    from orchestration.publish.rollback import hold_of

    served = current_name(settings.serving)
    for release in list_releases(settings.serving):
        facts = release.manifest
        marks = [
            *(["served"] if served == release.release_id else []),
            *(["synthetic records"] if facts["contains_synthetic"] else []),
            *(f"retracted {entry['source_file']}" for entry in facts["retracted"]),
            *(f"approved {entry['hold']} by {entry['by']}" for entry in facts.get("approvals", ())),
        ]
        print(f"{release.release_id}  {len(facts['inputs'])} batches  {', '.join(marks)}".rstrip())
    for damage in damaged_releases(settings.serving):
        print(f"DAMAGED {damage}")
    try:
        held = hold_of(settings.serving)
    except PublishError as error:
        print(f"HELD: {error}")
        return 1
    if held:
        print(f"HELD since {held.at} by {held.by}: {held.reason}")
    return 0


def _retract(settings: Settings, given: argparse.Namespace) -> int:
    from orchestration.damage import DamagedError
    from orchestration.ingest.retract import RetractError, retract
    from orchestration.inputs import served_deliveries
    from orchestration.lock import one_writer

    source, now = given.file.split("/", maxsplit=1)[0], datetime.now(UTC)
    try:
        # A run that has read the file already would publish it once more, and say that it was taken back.
        with one_writer(settings.data, print):
            served = served_deliveries(settings).files
            made = retract(settings.lake, settings.landing, source, given.file, given.reason, now, served)
    except (RetractError, DamagedError) as error:
        print(f"not retracted: {error}", file=sys.stderr)
        return 1
    print(f"retracted {made.source_file}; the next refresh publishes without it")
    return 0


def _report(settings: Settings, _: argparse.Namespace) -> int:
    from orchestration.report import headline, report

    print(report(settings.serving))
    from_records = headline(settings.serving)
    if from_records:
        print(f"\n{from_records}")
    print(f"\nMarts for BI tools: {settings.serving / 'warehouse.duckdb'} (schema marts), also as Parquet")
    print(f"Why this was released: {settings.serving / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
