"""What a share of the country costs: `make bench SCALE=0.01`, every stage of the real job, beside its floor.

Three runs on synthetic records: a first one on all that was delivered before one day, a night as the schedule has it of
that day, the same night again without anything new. The day is that after the last on which offices were open: every
province delivers what it received, and what changed of the dossiers of its last two exports, which are two months at
scale 1 and eleven at 0.01. What was measured goes to `bench/measured/<scale>.json`, and all scales together into
`docs/performance.md`. Here: the order of things. Not here: measuring (`watch.py`), a run (`job.py`), floors (`floor.py`),
what is made of it (`page.py`). Nothing else may run on the machine meanwhile.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import psutil

from bench import page
from bench.floor import STAGES
from bench.watch import Watch
from orchestration.settings import REPOSITORY, Settings
from orchestration.simulation.generator import simulate
from orchestration.simulation.plan import BY_DAY, LAST_WORKED_DELIVERY

VERSIONS = ("duckdb", "dbt-core", "dbt-duckdb", "dagster", "great-expectations")
#: Where the data of a measurement lie, unless the machine's own place for temporary files is large enough.
FOLDER = "SERVICE_INDEX_BENCH"
#: The deliveries of the night; later ones never land, and registers are there from the beginning.
NIGHT = LAST_WORKED_DELIVERY.isoformat()


def main(scale: float) -> int:
    """Measure, write both files, say what was missed."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get(FOLDER)) as name:
        measured = measure(Settings(Path(name)), scale)
    file = page.MEASURED / f"{scale:g}.json"
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    page.write()
    print(page.summary(measured))
    return int(any(miss for _, _, miss in page.goals(measured)))


def measure(settings: Settings, scale: float) -> dict[str, Any]:
    """All of it, in a data folder of its own."""
    with Watch() as watch:
        watch.begin("simulation")
        simulate(settings.landing, settings.reference, scale, 1, daily=True)
    held = settings.data / "held"
    for source in BY_DAY:
        for path in (settings.landing / source).iterdir():
            if path.name >= NIGHT:
                (held / source).mkdir(parents=True, exist_ok=True)
                path.rename(held / source / path.name)
    # The portal's figures, as the first run of an installation has them.
    called("bin/service-index", "land-samples", data=settings.data)
    runs = {"first": run(settings)}
    first_size = sizes(settings)
    floors = {stage: reported("bench/floor.py", settings.data, stage) for stage in STAGES}
    before = rows(settings)
    for source in BY_DAY:
        (held / source / NIGHT).rename(settings.landing / source / NIGHT)
    runs["night"] = run(settings, NIGHT)
    after = rows(settings)
    runs["empty"] = run(settings, NIGHT)
    began = time.perf_counter()
    called(sys.executable, "-c", "import bench.job", data=settings.data)
    return {
        "scale": scale,
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in VERSIONS}},
        "rows": before,
        "rows_of_the_night": {source: after[source] - count for source, count in before.items()},
        "new_of_the_night": new_dossiers(settings),
        "simulation": watch.report()["simulation"],
        "imports": time.perf_counter() - began,
        "runs": runs,
        "floors": floors,
        "bytes": first_size,
    }


def machine() -> dict[str, Any]:
    """What it was measured on."""
    return {
        "cores": psutil.cpu_count(logical=False) or os.cpu_count(),
        "gigabytes": round(psutil.virtual_memory().total / 2**30),
        "system": platform.machine(),
    }


def run(settings: Settings, *day: str) -> dict[str, Any]:
    """The job in a process of its own, on all or on a `day`; `wall` is that of the process, with its start."""
    began = time.perf_counter()
    found = reported("bench/job.py", settings.data, *day)
    return {"wall": time.perf_counter() - began, **found}


def reported(script: str, data: Path, *words: str, python: str = sys.executable) -> dict[str, Any]:
    """What a script of this folder says in its last line; `python` is that of its environment."""
    lines = called(python, script, str(data), *words, data=data).splitlines()
    found: dict[str, Any] = json.loads(lines[-1])
    return found


def called(*words: str, data: Path) -> str:
    """What a program prints. Raises CalledProcessError where it fails; what it says is seen."""
    environment = {
        **os.environ,
        "SERVICE_INDEX_DATA": str(data),
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUTF8": "1",
    }
    done = subprocess.run(
        words, cwd=REPOSITORY, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def rows(settings: Settings) -> dict[str, int]:
    """Records in the lake, by source."""
    with duckdb.connect() as connection:
        return {
            source: connection.execute(
                "select count(*) from read_parquet($files)",
                {"files": str(settings.lake / source / "batch=*" / "rows*.parquet")},
            ).fetchall()[0][0]
            for source in BY_DAY
        }


def new_dossiers(settings: Settings) -> int:
    """How many dossiers the night brought that were not known before: those of its day."""
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        found = connection.execute(
            "select count(*) from core.fct_dossier where received_date = $night::date - 1", {"night": NIGHT}
        ).fetchall()
    return int(found[0][0])


def sizes(settings: Settings) -> dict[str, int]:
    """Bytes on disk, by folder."""
    folders = {name: settings.data / name for name in ("landing", "lake", "build", "serving")}
    return {
        name: sum(
            file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink()
        )
        for name, folder in folders.items()
    }


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.01))
