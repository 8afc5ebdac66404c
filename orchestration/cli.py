"""The command line: `python -m orchestration.cli land-samples | refresh | backfill | report | retract`.

Belongs here: arguments, exit codes and what is printed. What the words do is in the modules called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime

from orchestration.ingest.landing import Days
from orchestration.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="service-index", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("land-samples", help="put the real samples of the portal into the landing folder")
    commands.add_parser("refresh", help="run the job on all that landed: ingest, gates, dbt, publish")
    backfilling = commands.add_parser(
        "backfill", help="run the job on the deliveries of some days, as one run"
    )
    backfilling.add_argument("first", type=date.fromisoformat, help="YYYY-MM-DD")
    backfilling.add_argument("last", type=date.fromisoformat, help="YYYY-MM-DD, included")
    commands.add_parser("report", help="print the served ranking and the reconciliation")
    taking_back = commands.add_parser("retract", help="take a file back out of the lake, for good")
    taking_back.add_argument("file", help="its path below the landing folder")
    taking_back.add_argument("reason", help="why; the next release tells it")
    given = parser.parse_args(arguments)
    settings = Settings.from_environment()
    match given.command:
        case "land-samples":
            return _land_samples(settings)
        case "refresh":
            return _refresh(settings, None)
        case "backfill":
            return _refresh(settings, Days(given.first, given.last))
        case "retract":
            return _retract(settings, given.file, given.reason)
        case _:
            return _report(settings)


def _land_samples(settings: Settings) -> int:
    from orchestration.samples import land_samples

    for path in land_samples(settings):
        print(f"landed {path.relative_to(settings.data)}")
    return 0


def _refresh(settings: Settings, days: Days | None) -> int:
    from orchestration.partitions import NoSuchDaysError
    from orchestration.run import refresh  # imports Dagster: seconds

    try:
        outcome = refresh(settings, days=days)
    except NoSuchDaysError as error:
        print(f"not run: {error}", file=sys.stderr)
        return 1
    print("\n".join(outcome.lines))
    return 0 if outcome.success else 1


def _retract(settings: Settings, file: str, reason: str) -> int:
    from orchestration.ingest.retract import RetractError, retract

    try:
        source = file.split("/", maxsplit=1)[0]
        made = retract(settings.lake, settings.landing, source, file, reason, datetime.now(UTC))
    except RetractError as error:
        print(f"not retracted: {error}", file=sys.stderr)
        return 1
    print(f"retracted {made.source_file}; the next refresh publishes without it")
    return 0


def _report(settings: Settings) -> int:
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
