"""Whether DuckDB and Apache Spark make the same marts of one lake: every mart, every column, after each of two nights.

`make parity [SCALE=0.01]`. Here: synthetic records and the portal's samples, of which the last day of delivery is the
second night, so that incremental models are compared as well; both engines by the same dbt project. Texts, whole numbers,
decimals, dates and moments must be equal, binary fractions to a billionth. Not here: how long either takes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import psutil
from rich.console import Console
from rich.table import Table

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import Days
from orchestration.mart_keys import mart_keys
from orchestration.samples import land_samples
from orchestration.settings import REPOSITORY, Settings
from orchestration.simulation.generator import simulate
from orchestration.simulation.plan import BY_DAY, LAST_WORKED_DELIVERY
from orchestration.sources import SOURCES, agreed_at_start
from orchestration.sql_text import identifier, literal

#: Engines add in an order of their own: by how much two binary fractions of a mart may differ.
TOLERANCE = 1e-9
#: A view of pairs of periods grows with the square of the nights, and nobody asks for all of it: five million rows here.
#: Spark writes these of its rows (macros/engine/views.sql), and these are compared.
CONDITIONS = {"bi_movement": "unit_level = 'province'"}
#: Beside the marts, what a night adds to and all of them count; and what names a row of it.
ADDED_TO, ADDED_TO_KEY = "fct_dossier", ("dossier_code",)
#: Of a Java that lives for minutes: code is compiled once and quickly, with the room of two compilers, and one
#: thread collects what is left. Of a catalog that is thrown away: nobody waits until the disk has it.
SHORT_LIVED = {
    "SERVICE_INDEX_SPARK_JAVA": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
    " -Dderby.system.durability=test"
}


@dataclass(frozen=True)
class Mart:
    """What was found of one mart: its rows on either engine, and by column in how many of them it differs."""

    name: str
    duckdb_rows: int
    spark_rows: int | None
    differences: dict[str, int]

    @property
    def is_same(self) -> bool:
        return self.duckdb_rows == self.spark_rows and not self.differences


def main(scale: float) -> int:
    """Print a table after each night; 1 where any mart differs or is missing."""
    with tempfile.TemporaryDirectory() as name:
        settings = Settings(Path(name).resolve())
        land_samples(settings)
        found = [mart for marts in nights(settings, scale) for mart in marts]
    return int(not all(mart.is_same for mart in found))


def nights(settings: Settings, scale: float, since: date = date.min, as_of: str = "") -> Iterator[list[Mart]]:
    """After each of two nights, every mart as it was found, printed as well: synthetic records and what has landed.

    Shorter with dossiers delivered from `since` only, and periods that begin no later than the day `as_of`.
    """
    variables = {"as_of": as_of, "rows_of_views": CONDITIONS}
    simulate(settings.landing, settings.reference, scale, 1, daily=True)
    for title, days in {
        "all before one day": Days(date.min, LAST_WORKED_DELIVERY - timedelta(days=1)),
        "that day": Days(LAST_WORKED_DELIVERY, LAST_WORKED_DELIVERY),
    }.items():
        ingest(settings, days, since)
        build_on_duckdb(settings, variables)
        build_on_spark(settings, variables, SHORT_LIVED)
        marts = compare(
            settings.build_database, warehouse(settings), settings.build / "dbt" / "manifest.json"
        )
        show(title, marts)
        yield marts


def ingest(settings: Settings, days: Days, since: date = date.min) -> None:
    """What was delivered on `days`, into the lake; of dossiers and their progress what was from `since`."""
    for source in SOURCES:
        wanted = Days(max(days.first, since), days.last) if source.name in BY_DAY else days
        source.ensure(settings.lake)
        report = source.ingest(settings, wanted, agreed_at_start(settings, "parity"))
        if report.batch_id is not None:
            promote(settings.lake, source.name, report.batch_id)


def warehouse(settings: Settings) -> Path:
    """The folder of Spark's tables, as the target `spark` names it."""
    return settings.data / "spark" / "warehouse"


def build_on_duckdb(settings: Settings, variables: Mapping[str, object]) -> None:
    """Every table and view. Raises CalledProcessError."""
    settings.build.mkdir(exist_ok=True)
    dbt_build(settings, ".venv", settings.build, variables, {})


def build_on_spark(
    settings: Settings, variables: Mapping[str, object], environment: Mapping[str, str]
) -> None:
    """Every table, and as tables the views that are served. Raises CalledProcessError."""
    folder = settings.data / "spark"
    folder.mkdir(exist_ok=True)
    dbt_build(settings, ".venv-spark", folder, variables, environment, "--target", "spark")
    _wait_for_java(settings.data)


def _wait_for_java(data: Path) -> None:
    """dbt ends before the Java that it started, which has the catalog, and a log, until then. Raises TimeoutError."""
    started = [
        process for process in psutil.process_iter(["name", "environ"])
        if process.info["name"] == "java" and (process.info["environ"] or {}).get("SERVICE_INDEX_DATA") == str(data)
    ]  # fmt: skip
    _, alive = psutil.wait_procs(started, timeout=60)
    if alive:
        raise TimeoutError(f"expected the Java of dbt to end with it, found {alive}")


def dbt_build(
    settings: Settings,
    installed: str,
    folder: Path,
    variables: Mapping[str, object],
    environment: Mapping[str, str],
    *options: str,
) -> None:
    """Seeds and models by the dbt of an environment; its target and log go to `folder`. Raises CalledProcessError."""
    dbt = str(REPOSITORY / installed / "bin" / "dbt")
    subprocess.run(
        [dbt, "--quiet", "build", "--exclude-resource-type", "unit_test", "test", "--profiles-dir", ".",
         "--vars", json.dumps(variables), "--target-path", str(folder / "dbt"), "--log-path", str(folder / "logs"),
         *options],
        cwd=settings.dbt_project,
        env={**os.environ, "SERVICE_INDEX_DATA": str(settings.data), **environment},
        check=True,
    )  # fmt: skip


def compare(build_database: Path, spark_warehouse: Path, dbt_manifest: Path) -> list[Mart]:
    """Every table and view of the schema `marts` of the build database, and dossiers, beside what Spark wrote."""
    keys = {ADDED_TO: ADDED_TO_KEY, **mart_keys(dbt_manifest)}
    with duckdb.connect(str(build_database), read_only=True) as connection:
        connection.execute("set timezone = 'Asia/Ho_Chi_Minh'")
        tables = connection.execute(
            "select table_schema, table_name from information_schema.tables"
            " where table_schema = 'marts' or table_name = $added_to order by table_name",
            {"added_to": ADDED_TO},
        ).fetchall()
        return [
            _compare(connection, schema, name, spark_warehouse, keys.get(name, ())) for schema, name in tables
        ]


def _compare(
    connection: duckdb.DuckDBPyConnection, schema: str, name: str, spark_warehouse: Path, key: tuple[str, ...]
) -> Mart:
    ours = f"(select * from {identifier(schema, name)} where {CONDITIONS.get(name, 'true')})"
    (rows,) = connection.execute(f"select count(*) from {ours}").fetchall()[0]
    folder = spark_warehouse / f"{schema}.db" / name
    if not folder.is_dir():
        return Mart(name, rows, None, {})
    theirs = f"read_parquet({literal(f'{folder}/*.parquet')})"
    (spark_rows,) = connection.execute(f"select count(*) from {theirs}").fetchall()[0]
    types, spark_types = (
        {c: t for c, t, *_ in connection.execute(f"describe from {t}").fetchall()} for t in (ours, theirs)
    )
    if types != spark_types:
        odd = {f"{c}: {types.get(c)}, on Spark {spark_types.get(c)}": rows for c in {**types, **spark_types}
               if types.get(c) != spark_types.get(c)}  # fmt: skip
        return Mart(name, rows, spark_rows, odd)
    # Rows are the same where their keys are; without a key, where all but their fractions are.
    exact = [column for column, of_type in types.items() if of_type not in ("DOUBLE", "FLOAT")]
    on = " and ".join(
        f"ours.{identifier(c)} is not distinct from theirs.{identifier(c)}" for c in key or exact
    )
    different = {
        column: f"ours.{identifier(column)} is distinct from theirs.{identifier(column)}" if column in exact else
        f"not coalesce(abs(ours.{identifier(column)} - theirs.{identifier(column)}) <= {TOLERANCE}"
        f" * greatest(1, abs(ours.{identifier(column)})),"
        f" ours.{identifier(column)} is null and theirs.{identifier(column)} is null)"
        for column in types
    }  # fmt: skip
    counts = connection.execute(
        f"select count(*) filter (where ours.there is null or theirs.there is null),"
        f" {', '.join(f'count(*) filter (where {condition})' for condition in different.values())}"
        f" from (select true as there, * from {ours}) as ours"
        f" full join (select true as there, * from {theirs}) as theirs on {on}"
    ).fetchall()[0]
    found = dict(zip(("rows of one alone", *different), counts, strict=True))
    return Mart(name, rows, spark_rows, {column: count for column, count in found.items() if count})


def show(title: str, marts: list[Mart]) -> None:
    """A line a mart, and what differs."""
    table = Table("mart", "rows", "on Spark", "differences", title=title)
    for mart in marts:
        said = ", ".join(f"{column}: {count}" for column, count in mart.differences.items())
        there = "missing" if mart.spark_rows is None else f"{mart.spark_rows:,}"
        table.add_row(mart.name, f"{mart.duckdb_rows:,}", there, said or ("none" if mart.is_same else "rows"))
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(table)
    same = sum(mart.is_same for mart in marts)
    console.print(f"{same} of {len(marts)} tables are the same on both engines")


if __name__ == "__main__":
    raise SystemExit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.01))
