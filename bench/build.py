"""How long dbt takes for all tables and for a night more, side by side, on records of a share of the country.

`make bench-build [SHARE=0.1]`. Here: synthetic records of the share SHARE of 25 million dossiers; those of the last
day of delivery, a hundredth of them, are the night. Only dbt is timed, with its tests; ingestion has a bench of its
own. Not here: correctness (`tests/pipeline/test_incremental.py`).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import Days, delivery_days
from orchestration.settings import Settings
from orchestration.simulation.generator import simulate
from orchestration.sources import SOURCES, agreed_at_start

#: Of the time that all tables take, at most.
GOAL = 0.1


def main(scale: float) -> int:
    """Measure; 1 if the goal is missed."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(Path(name))
        simulate(settings.landing, settings.reference, scale, 1)
        last, _ = max(delivery_days(settings.landing, "dossiers"))
        ingest(settings, Days(date.min, last - timedelta(days=1)))
        whole = build(settings)
        ingest(settings, Days(last, last))
        night = build(settings)
        dossiers, new = rows(settings)
    print(
        f"{dossiers} records of dossiers: all tables {whole:.1f} s; {new} more: {night:.1f} s,"
        f" ratio {night / whole:.2f} (goal {GOAL})"
    )
    return int(night / whole > GOAL)


def ingest(settings: Settings, days: Days) -> None:
    """What was delivered on `days`, into the lake."""
    for source in SOURCES:
        source.ensure(settings.lake)
        report = source.ingest(settings, days, agreed_at_start(settings, "bench"))
        if report.batch_id is not None:
            promote(settings.lake, source.name, report.batch_id)


def build(settings: Settings) -> float:
    """Seconds that one `dbt build` takes, from start to end. Raises CalledProcessError where it fails."""
    settings.build.mkdir(exist_ok=True)
    start = time.perf_counter()
    dbt, folder = str(Path(sys.executable).with_name("dbt")), settings.build
    subprocess.run(
        [dbt, "--quiet", "build", "--exclude-resource-type", "unit_test", "--profiles-dir", ".",
         "--target-path", str(folder / "dbt"), "--log-path", str(folder / "logs")],
        cwd=settings.dbt_project,
        env={**os.environ, "SERVICE_INDEX_DATA": str(settings.data)},
        check=True,
    )  # fmt: skip
    return time.perf_counter() - start


def rows(settings: Settings) -> tuple[int, int]:
    """Versions of dossiers in the lake: of all batches but the last, and of the last."""
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        counted = connection.execute(
            "select count(*) from core.core_dossiers__versions group by batch order by count(*) desc"
        ).fetchall()
    return counted[0][0], sum(count for (count,) in counted[1:])


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.1))
