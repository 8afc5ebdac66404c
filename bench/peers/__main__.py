"""What a user would pick instead, on the same records: `make bench-peers SCALE=0.1`.

Synthetic records, one run of the job, then each peer in a process of its own makes the counts of a day from the same
lake. What was measured goes to `bench/measured/peers-<scale>.json`, and all scales into `docs/peers.md`. Here: which
peers there are, the order of things, whether their rows are those of the build. Not here: a peer (`in_*.py`), what is
said of the figures (`page.py`).
"""

from __future__ import annotations

import io
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import psutil

from bench.floor import DAILY, DOSSIER_MODELS, differing_days
from bench.job import models
from bench.nation import FOLDER, called, machine, reported, rows, run
from bench.page import MEASURED, busy
from bench.peers import page
from orchestration.settings import REPOSITORY, Settings
from orchestration.simulation.generator import simulate
from orchestration.sql_text import literal

HERE = Path("bench/peers")
MODELS = REPOSITORY / "dbt_project" / "models"


@dataclass(frozen=True)
class Peer:
    """A way to make the counts: its script and words for it, its environment, the code that a person writes for it."""

    script: str
    environment: str
    code: tuple[Path, ...]
    words: tuple[str, ...] = ()
    #: Where dbt says how long each model took: below the data folder, or below the peer's own.
    run_results: str = ""


def _models() -> tuple[Path, ...]:
    """Of the models that the others stand for."""
    return tuple(
        file.relative_to(REPOSITORY) for name in DOSSIER_MODELS for file in MODELS.rglob(f"{name}.sql")
    )


PEERS = {
    page.DUCKDB: Peer("in_duckdb.py", ".venv", (Path("bench/floors/dossiers.sql"),)),
    page.POLARS: Peer("in_polars.py", ".venv-peers", (HERE / "in_polars.py",)),
    page.PANDAS: Peer("in_pandas.py", ".venv-peers", (HERE / "in_pandas.py",)),
    page.POSTGRES: Peer("in_postgres.py", ".venv", (HERE / "in_postgres.py", HERE / "postgres.sql")),
    page.OURS: Peer("in_dbt.py", ".venv", _models(), ("duckdb",), "{folder}/build/dbt/run_results.json"),
    page.SPARK: Peer("in_dbt.py", ".venv", _models(), ("spark",), "{data}/spark/dbt/run_results.json"),
}
#: What a peer needs besides the environment of its script, and what installs it.
NEEDED = {".venv-peers": "bin/install-extra peers", ".venv-spark": "bin/install-extra spark"}


def main(scale: float) -> None:
    """Measure, write the file and the page, say what was found."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=os.environ.get(FOLDER)) as name:
        settings = Settings(Path(name))
        simulate(settings.landing, settings.reference, scale, 1)
        called("bin/service-index", "land-samples", data=settings.data)
        run(settings)
        measured = measure(settings, scale)
    file = MEASURED / f"peers-{scale:g}.json"
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    page.write()
    print("\n".join(page.table(measured)))


def measure(settings: Settings, scale: float) -> dict[str, Any]:
    """Every peer, on an installation in which the job has run."""
    return {
        "scale": scale,
        "measured_at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": machine(),
        "python": platform.python_version(),
        "rows": rows(settings),
        "counts": _counts(settings),
        "peers": {name: _measured(settings, peer) for name, peer in PEERS.items()},
    }


def _measured(settings: Settings, peer: Peer) -> dict[str, Any]:
    """What a peer took, or why it was left out or failed."""
    lines = sum(code_lines(REPOSITORY / file) for file in peer.code)
    needed = ".venv-spark" if "spark" in peer.words else peer.environment
    if not (REPOSITORY / needed / "bin" / "python").exists():
        return {
            "lines": lines,
            "left_out": f"{needed} is not installed ({NEEDED.get(needed, 'make install')})",
        }
    with tempfile.TemporaryDirectory(dir=settings.data) as name:
        folder = Path(name)
        python = str(REPOSITORY / peer.environment / "bin" / "python")
        others, began = _Others(), time.perf_counter()
        try:
            found = reported(str(HERE / peer.script), settings.data, name, *peer.words, python=python)
        except subprocess.CalledProcessError as error:
            # A peer that memory does not suffice for is killed: that is a finding, too.
            return {"lines": lines, "left_out": f"its process ended with {error.returncode}"}
        wall = time.perf_counter() - began
        results = Path(peer.run_results.format(folder=folder, data=settings.data))
        return {
            **found,
            "wall": wall,
            "others_cpu": others.seconds(sum(stage["cpu"] for stage in found["stages"].values())),
            "models": busy(models(results), DOSSIER_MODELS) if peer.run_results else None,
            "lines": lines,
            "differing": differing(settings, folder),
        }


class _Others:
    """CPU seconds that other programs have meanwhile: figures are those of a quiet machine where there are few."""

    def __init__(self) -> None:
        self._busy_before, self._started_before = self._busy(), self._started()

    def seconds(self, measured: float) -> float:
        """Since it was made, beyond what was measured of a peer, or what the process that was started for it had."""
        own = max(measured, self._started() - self._started_before)
        return max(0.0, self._busy() - self._busy_before - own)

    @staticmethod
    def _started() -> float:
        times = os.times()
        return times.children_user + times.children_system

    @staticmethod
    def _busy() -> float:
        times: Mapping[str, float] = psutil.cpu_times()._asdict()
        return sum(
            seconds
            for name, seconds in times.items()
            if name in ("user", "nice", "system", "irq", "softirq", "steal")
        )


def differing(settings: Settings, folder: Path) -> int:
    """Rows that only the build or only the files in `folder` have. Raises BinderException where a column is missing."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(settings.build_database)} as built (read_only)")
        for table, model in DAILY.items():
            columns = ", ".join(name for name, *_ in connection.execute(f"describe built.{model}").fetchall())
            file = literal(folder / f"{table}.parquet")
            connection.execute(f"create view {table} as select {columns} from read_parquet({file})")
        return differing_days(connection)


def _counts(settings: Settings) -> int:
    """Rows that every peer must come to."""
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        return sum(
            connection.execute(f"select count(*) from {model}").fetchall()[0][0] for model in DAILY.values()
        )


def code_lines(file: Path) -> int:
    """Lines on which something is written that is neither a comment nor the docstring of anything."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".sql":
        return sum(
            bool(line.strip()) and not line.lstrip().startswith(("--", "{#")) for line in text.splitlines()
        )
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    found: set[int] = set()
    starts_statement = True
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_docstring = token.type == tokenize.STRING and starts_statement and token.string.startswith('"""')
        if token.type not in silent and not is_docstring:
            found.update(range(token.start[0], token.end[0] + 1))
        if token.type != tokenize.COMMENT:
            starts_statement = token.type in silent
    return len(found)


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.1)
