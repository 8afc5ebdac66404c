"""The command line: `python -m orchestration.cli land-samples | refresh | report | retract`.

Belongs here: arguments, exit codes and what is printed. What the words do is in the modules called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from orchestration.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="service-index", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("land-samples", help="put the real samples of the portal into the landing folder")
    commands.add_parser("refresh", help="run the job: ingest, gates, dbt, publish")
    commands.add_parser("report", help="print the served ranking and the reconciliation")
    taking_back = commands.add_parser("retract", help="take a file back out of the lake, for good")
    taking_back.add_argument("file", help="its path below the landing folder")
    taking_back.add_argument("reason", help="why; the next release tells it")
    given = parser.parse_args(arguments)
    settings = Settings.from_environment()
    if given.command == "retract":
        return _retract(settings, given.file, given.reason)
    return {"land-samples": _land_samples, "refresh": _refresh, "report": _report}[given.command](settings)


def _land_samples(settings: Settings) -> int:
    from orchestration.samples import land_samples

    for path in land_samples(settings):
        print(f"landed {path.relative_to(settings.data)}")
    return 0


def _refresh(settings: Settings) -> int:
    from orchestration.run import refresh  # imports Dagster: seconds

    outcome = refresh(settings)
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
