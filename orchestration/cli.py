"""The command line: `python -m orchestration.cli land-samples | refresh | report`.

Belongs here: arguments, exit codes and what is printed. What the words do is in the modules called.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from orchestration.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it did what it says, 1 when a run failed."""
    parser = argparse.ArgumentParser(prog="service-index", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("land-samples", help="put the real samples of the portal into the landing folder")
    commands.add_parser("refresh", help="run the job: ingest, gates, dbt, publish")
    commands.add_parser("report", help="print the served ranking and the reconciliation")
    command = parser.parse_args(arguments).command
    settings = Settings.from_environment()
    if command == "land-samples":
        return _land_samples(settings)
    if command == "refresh":
        return _refresh(settings)
    return _report(settings)


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


def _report(settings: Settings) -> int:
    from orchestration.report import report

    print(report(settings.serving))
    print(f"\nMarts for BI tools: {settings.serving / 'warehouse.duckdb'} (schema marts), also as Parquet")
    print(f"Why this was released: {settings.serving / 'report.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
