"""The same models on a Spark cluster of this machine: one master, two workers of a core each, every mart compared.

`make cluster [SCALE=0.01]`, on synthetic records in a folder that is thrown away; `python bench/cluster.py 0.1 FOLDER`,
on the lake of an installation that has been built; a day after it ends the periods (the variable `as_of`). What Spark's
log says of it goes to `bench/measured/cluster-<scale>.json` and into `docs/scale-out.md`. Here: starting and stopping the
three, and the order of things. Not here: reading the log (`spark_events.py`), comparing (`parity.py`).
"""

from __future__ import annotations

import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import parity, spark_events
from bench.nation import machine
from bench.page import MEASURED
from orchestration.ingestion.landing import ALL_DAYS
from orchestration.samples import land_samples
from orchestration.settings import REPOSITORY, Settings
from orchestration.simulation.generator import simulate

PAGE = REPOSITORY / "docs" / "scale-out.md"
BEGIN, END = "<!-- written by make cluster -->", "<!-- until here -->"
#: Nobody from elsewhere reaches master and workers: who does may run what he likes.
HOST = "127.0.0.1"
WORKERS, CORES, MEMORY = 2, 1, "3g"
#: How many tables are told by name.
LONGEST = 12
#: Into how many parts a join is cut: two for each core.
PARTITIONS = 2 * WORKERS * CORES
#: How long one of the three may take until it says that it is there.
_SECONDS = 120
_CLASS = "org.apache.spark.deploy.{0}.{1}"
#: What master and workers say, whatever the package thinks worth saying: by it they are waited for.
_LOGGED = """
rootLogger.level = info
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1}: %m%n%ex
"""


class Daemon:
    """A master or a worker: a Java of its own, what it says in a file, and the last of it here."""

    def __init__(self, log: Path, *words: str, environment: Mapping[str, str]) -> None:
        self.log = log
        self.process = subprocess.Popen(
            words, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._copying = threading.Thread(target=self._copy, daemon=True)
        self._copying.start()

    def said(self, pattern: str) -> re.Match[str]:
        """Where it says so, and not before. Raises RuntimeError if it ends, or says nothing for two minutes."""
        while True:
            try:
                line = self._lines.get(timeout=_SECONDS)
            except queue.Empty:
                line = None
            if line is None:
                raise RuntimeError(
                    f"expected {pattern!r} of it, and it ended or said no more: see {self.log}"
                )
            if found := re.search(pattern, line):
                return found

    def stop(self) -> None:
        """Its executors end with it."""
        self.process.terminate()
        self.process.wait()
        self._copying.join()

    def _copy(self) -> None:
        assert self.process.stdout is not None
        with self.log.open("w", encoding="utf-8") as log:
            for line in self.process.stdout:
                log.write(line)
                self._lines.put(line)
        self._lines.put(None)


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """A master and its workers; its address. All end with it."""
    folder.mkdir(parents=True, exist_ok=True)
    logged = folder / "log4j2.properties"
    logged.write_text(_LOGGED, encoding="utf-8")
    home = next((REPOSITORY / ".venv-spark" / "lib").glob("python3*/site-packages/pyspark"))
    environment = {
        # By the data folder the Java of a session is known from these (parity.py).
        **{name: value for name, value in os.environ.items() if name != "SERVICE_INDEX_DATA"},
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder / "tmp"),
        "SPARK_DAEMON_MEMORY": "512m",
        # Nobody submits by HTTP.
        "SPARK_DAEMON_JAVA_OPTS": f"-Dlog4j2.configurationFile={logged} -Dspark.master.rest.enabled=false",
    }
    # The package has no sbin/start-master.sh; this is what that starts.
    start = (str(home / "bin" / "spark-class"),)
    anywhere = ("--host", HOST, "--port", "0", "--webui-port", "0")
    running: list[Daemon] = []
    try:
        running.append(Daemon(
            folder / "master.log", *start, _CLASS.format("master", "Master"), *anywhere, environment=environment
        ))  # fmt: skip
        address = running[0].said(r"Starting Spark master at (spark://[\w.:-]+)")[1]
        running[0].said("I have been elected leader")
        for number in range(WORKERS):
            running.append(Daemon(
                folder / f"worker-{number}.log", *start, _CLASS.format("worker", "Worker"), *anywhere,
                "--cores", str(CORES), "--memory", MEMORY, "--work-dir", str(folder / "work"), address,
                environment=environment,
            ))  # fmt: skip
            running[-1].said("Successfully registered with master")
        yield address
    finally:
        for daemon in reversed(running):
            daemon.stop()


def main(scale: float, data: Path | None, as_of: str = "") -> int:
    """Run it, write what was measured, print what differs; 1 where any mart does."""
    with tempfile.TemporaryDirectory(prefix="cluster-") as name:
        settings = Settings((data or Path(name)).resolve())
        if data is None:
            land_samples(settings)
            simulate(settings.landing, settings.reference, scale, 1)
            parity.ingest(settings, ALL_DAYS)
            parity.build_on_duckdb(settings, {"as_of": as_of, "rows_of_views": parity.CONDITIONS})
        measured, is_same = measure(settings, scale, as_of)
    file = MEASURED / f"cluster-{scale:g}.json"
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    write()
    print(text(measured))
    return int(not is_same)


def measure(settings: Settings, scale: float, as_of: str) -> tuple[dict[str, Any], bool]:
    """All models on the cluster, from nothing, and whether every mart is as DuckDB has it. Raises FileExistsError."""
    folder = settings.data / "spark"
    events = folder / "events"
    if folder.exists():
        raise FileExistsError(f"{folder}: expected no tables of Spark yet; remove them")
    events.mkdir(parents=True)
    with cluster(folder / "cluster") as address:
        began = time.perf_counter()
        parity.build_on_spark(settings, {"as_of": as_of, "rows_of_views": parity.CONDITIONS}, {
            "SERVICE_INDEX_SPARK_MASTER": address,
            "SERVICE_INDEX_SPARK_EVENTS": str(events),
            "SERVICE_INDEX_SPARK_MEMORY": MEMORY,
            "SERVICE_INDEX_SPARK_EXECUTOR_MEMORY": MEMORY,
            "SERVICE_INDEX_SPARK_PARTITIONS": str(PARTITIONS),
        })  # fmt: skip
        wall = time.perf_counter() - began
    marts = parity.compare(
        settings.build_database, parity.warehouse(settings), settings.build / "dbt" / "manifest.json"
    )
    parity.show(f"scale {scale:g}, {WORKERS} workers", marts)
    (log,) = events.iterdir()
    measured = {
        "scale": scale,
        "as_of": as_of,
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": machine(),
        "workers": WORKERS,
        "cores": CORES,
        "memory": MEMORY,
        "wall": wall,
        "duckdb_seconds": _elapsed(settings.build),
        "marts": len(marts),
        "same": sum(mart.is_same for mart in marts),
        "spark": spark_events.summary(log),
    }
    return measured, all(mart.is_same for mart in marts)


def _elapsed(folder: Path) -> float:
    """Seconds of the last call of dbt, as it says itself."""
    results = json.loads((folder / "dbt" / "run_results.json").read_text(encoding="utf-8"))
    return float(results["elapsed_time"])


def write() -> None:
    """The part of the page that is made of what was measured, the largest scale first."""
    found = [json.loads(file.read_text(encoding="utf-8")) for file in MEASURED.glob("cluster-*.json")]
    found.sort(key=lambda one: -one["scale"])
    PAGE.write_text(placed(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")


def placed(page: str, found: list[dict[str, Any]]) -> str:
    """The page with what was measured where it belongs."""
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    return f"{before}{BEGIN}\n\n" + "\n".join(text(one) for one in found) + f"\n{END}{after}"


def text(measured: Mapping[str, Any]) -> str:
    """Two tables: the whole with each executor, and what took longest. Four statements run at a time."""
    spark, machine = measured["spark"], measured["machine"]
    columns = {
        "all": spark["total"],
        **{f"executor {name}": work for name, work in spark["executors"].items()},
    }
    rows: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "tasks": lambda work: f"{work['tasks']:,}",
        "of them failed": lambda work: f"{work['failed']:,}",
        "seconds of tasks": lambda work: f"{work['seconds']:,.0f}",
        "seconds of CPU": lambda work: f"{work['cpu_seconds']:,.0f}",
        "seconds of collecting memory": lambda work: f"{work['collecting_seconds']:,.0f}",
        "read, MB": lambda work: _megabytes(work["read_bytes"]),
        "written, MB": lambda work: _megabytes(work["written_bytes"]),
        "shuffled, MB": lambda work: _megabytes(work["shuffled_bytes"]),
        "fetched from the other, MB": lambda work: _megabytes(work["fetched_bytes"]),
        "spilled to disk, MB": lambda work: _megabytes(work["spilled_bytes"]),
        "most memory of a task, MB": lambda work: _megabytes(work["most_memory_bytes"]),
    }
    return "\n".join([
        f"Scale {measured['scale']:g}{_days(measured['as_of'])}, {measured['workers']} workers of"
        f" {measured['cores']} core and"
        f" {measured['memory']} on one machine ({machine['cores']} cores, {machine['gigabytes']} GiB,"
        f" {machine['system']}, {measured['measured_at']}): {measured['wall']:,.0f} s with the start of Spark,"
        f" {spark['statements']:,} statements in {spark['stages']:,} stages; DuckDB on the same lake"
        f" {measured['duckdb_seconds']:,.0f} s. {measured['same']} of {measured['marts']} marts are the same.", "",
        f"| | {' | '.join(columns)} |",
        "|---|" + "--:|" * len(columns),
        *(f"| {name} | {' | '.join(shown(work) for work in columns.values())} |" for name, shown in rows.items()), "",
        "| table, the longest | s | tasks | shuffled, MB | spilled, MB |",
        "|---|--:|--:|--:|--:|",
        *(
            f"| `{one['table']}` | {one['seconds']:,.1f} | {one['work']['tasks']:,}"
            f" | {_megabytes(one['work']['shuffled_bytes'])} | {_megabytes(one['work']['spilled_bytes'])} |"
            for one in spark["tables"][:LONGEST]
        ),
    ]) + "\n"  # fmt: skip


def _days(as_of: str) -> str:
    return f" and periods up to {as_of}" if as_of else ""


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f}"


if __name__ == "__main__":
    raise SystemExit(
        main(float(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None, *sys.argv[3:])
    )
