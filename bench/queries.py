"""How long a BI user waits: 22 typical queries of what is served, on an open connection, each many times.

`make bench-queries`: of the release in `SERVICE_INDEX_DATA`, and of PostgreSQL where `SERVICE_INDEX_POSTGRES_URL` is set.
Here: the time of each query, and the 95th percentile of all. Not here: what they answer (`tests/pipeline`). The queries
are in `bench/queries/`, a file each, which opens with the question; both databases read the same text.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from orchestration.settings import Settings

QUERIES = Path(__file__).parent / "queries"
REPEATS = 20
#: The most that the 95th percentile of all queries may take, in milliseconds.
GOALS = {"DuckDB": 50, "PostgreSQL": 100}

Run = Callable[[str], list[object]]


def databases(settings: Settings) -> dict[str, Run]:
    """What runs a query, by name of the database; one open connection each."""
    served = duckdb.connect(str(settings.serving / "warehouse.duckdb"), read_only=True)
    found: dict[str, Run] = {"DuckDB": lambda query: served.execute(query).fetchall()}
    if url := os.environ.get("SERVICE_INDEX_POSTGRES_URL"):
        import psycopg

        postgres = psycopg.connect(url, autocommit=True)
        found["PostgreSQL"] = lambda query: list(postgres.execute(query.encode()).fetchall())
    return found


def milliseconds(run: Run, query: str) -> list[float]:
    """The time of each repeat; the first, which reads from disk, is among them."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        run(query)
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def main() -> int:
    """Print a line a query; 1 where a database misses its goal."""
    runs = databases(Settings.from_environment())
    table = Table("query", "question", *(f"{name}, ms" for name in runs), "rows")
    taken: dict[str, list[float]] = {name: [] for name in runs}
    for path in sorted(QUERIES.glob("*.sql")):
        query = path.read_text(encoding="utf-8")
        shown = []
        for name, run in runs.items():
            times = milliseconds(run, query)
            taken[name] += times
            shown.append(f"{statistics.median(times):.1f}")
        rows = {len(run(query)) for run in runs.values()}
        table.add_row(
            path.stem, query.partition("\n")[0].removeprefix("-- "), *shown, ", ".join(map(str, sorted(rows)))
        )
    Console(width=150).print(table)
    missed = 0
    for name, times in taken.items():
        percentile = statistics.quantiles(times, n=20)[-1]
        print(f"{name}: 95th percentile {percentile:.0f} ms of {len(times)} queries (goal {GOALS[name]})")
        missed += percentile > GOALS[name]
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
