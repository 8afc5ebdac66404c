"""The floor of a stage: the least that a person would write for it, in one DuckDB, and whether both come to the same.

`python bench/floor.py DATA STAGE` tells what it took as one line of JSON, with the rows in which it differs from what the
job made. Here: running floors. Not here: their SQL (`floors/`), and which are run (`nation.py`).
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from bench.watch import Watch
from orchestration.settings import Settings
from orchestration.sql_text import identifier, literal

FLOORS = Path(__file__).parent / "floors"
#: What a hand-written script makes of dossiers, and the model that has the same rows.
DAILY = {"daily": "intermediate.int_dossiers__daily", "open_daily": "intermediate.int_dossiers__open_daily"}
#: Models that the script stands for: all between the lake and these two.
DOSSIER_MODELS = (
    "stg_exchange__dossiers", "stg_exchange__progress", "core_dossiers__versions", "core_dossiers__changed",
    "core_dossiers__progress", "core_dossiers__latest", "fct_dossier", "int_dossiers__daily", "int_dossiers__open_daily",
)  # fmt: skip


@contextmanager
def database(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database `floor` in `folder`, with the settings of dbt's profile."""
    with duckdb.connect(str(folder / "floor.duckdb")) as connection:
        connection.execute("set threads = 2; set memory_limit = '5GB'; set preserve_insertion_order = false")
        yield connection


def ingestion(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Landed Parquet and JSON Lines of dossiers and progress copied to Parquet as they are: nothing is checked."""
    for source in ("dossiers", "progress"):
        for suffix, read in ((".parquet", "read_parquet"), (".jsonl", "read_json")):
            for file in sorted((settings.landing / source).rglob(f"*{suffix}")):
                target = Path(str(connection.execute("select getvariable('folder')").fetchall()[0][0]))
                options = ", ignore_errors = true" if read == "read_json" else ""
                connection.execute(
                    f"copy (from {read}({literal(file)}{options})) to {literal(target / f'{source}-{file.stem}.parquet')}"
                    " (format parquet, compression zstd)"
                )


def dossiers(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """From the lake to the counts of a day."""
    connection.execute(f"attach {literal(settings.build_database)} as built (read_only)")
    for source in ("dossiers", "progress"):
        files = literal(settings.lake / source / "batch=*" / "rows*.parquet")
        connection.execute(
            f"create view {source} as from read_parquet({files}, hive_partitioning = true,"
            " hive_types_autocast = false, union_by_name = true)"
        )
    connection.execute((FLOORS / "dossiers.sql").read_text(encoding="utf-8"))


def differing_days(connection: duckdb.DuckDBPyConnection) -> int:
    """Rows that only one side has."""
    differing = 0
    for table, model in DAILY.items():
        columns = ", ".join(name for name, *_ in connection.execute(f"describe {table}").fetchall())
        mine, theirs = f"select {columns} from {table}", f"select {columns} from built.{model}"
        differing += connection.execute(
            f"select count(*) from (({mine} except all {theirs}) union all ({theirs} except all {mine}))"
        ).fetchall()[0][0]
    return differing


def publish(settings: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Each mart of the build copied into a database file and to Parquet."""
    connection.execute(f"attach {literal(settings.build_database)} as build (read_only); create schema marts")
    folder = Path(str(connection.execute("select getvariable('folder')").fetchall()[0][0]))
    for name in _marts(settings):
        mart, file = identifier("marts", name), literal(folder / f"{name}.parquet")
        connection.execute(
            f"create table {mart} as from {identifier('build', 'marts', name)};"
            f"copy {mart} to {file} (format parquet, compression zstd)"
        )


def differing_marts(settings: Settings, connection: duckdb.DuckDBPyConnection) -> int:
    """Marts whose rows are not those that are served."""
    connection.execute(f"attach {literal(settings.serving / 'warehouse.duckdb')} as served (read_only)")
    differing = 0
    for name in _marts(settings):
        content = [
            connection.execute(
                "select count(*), bit_xor(hash(whole::varchar)) from"
                f" (select * {but} from {identifier(place, 'marts', name)}) as whole"
            ).fetchall()
            for place, but in (("floor", ""), ("served", "exclude (release_id)"))
        ]
        differing += content[0] != content[1]
    return differing


def _marts(settings: Settings) -> list[str]:
    tables = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))["tables"]
    return [name for name, table in tables.items() if table["rows"] is not None and name != "release"]


STAGES: dict[str, tuple[Callable[..., None], Callable[..., int] | None]] = {
    "ingestion": (ingestion, None),
    "dossiers": (dossiers, lambda _, connection: differing_days(connection)),
    "publish": (publish, differing_marts),
}


def main(data: Path, stage: str) -> dict[str, Any]:
    """What the floor of `stage` takes, on what a job has left in `data`; `differing` is null if nothing is compared."""
    make, compare = STAGES[stage]
    settings = Settings(data)
    with tempfile.TemporaryDirectory(dir=data) as folder, database(Path(folder)) as connection:
        connection.execute(f"set variable folder = {literal(folder)}")
        with Watch() as watch:
            watch.begin(stage)
            make(settings, connection)
        differing = compare(settings, connection) if compare else None
    return {"stages": watch.report(), "differing": differing}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
