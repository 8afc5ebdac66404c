"""The project's own dbt models of the counts of a day and all above them, from nothing, on DuckDB or on Apache Spark.

`in_dbt.py DATA FOLDER ENGINE`. Here: calling dbt as `bench/parity.py` does, and handing over what it made. Not here:
which of its seconds are those of the models that the peers stand for (`__main__.py` reads dbt's own results).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

import duckdb

from bench import parity
from bench.floor import DAILY
from bench.peers import peer
from bench.watch import Watch
from orchestration.settings import REPOSITORY, Settings
from orchestration.sql_text import literal

SELECTED = ("--select", *(f"+{model.split('.')[1]}" for model in DAILY.values()))


def on_duckdb(settings: Settings, folder: Path, watch: Watch) -> Mapping[str, str]:
    """A build of its own in `folder`, of the same lake."""
    own = Settings(folder)
    own.lake.symlink_to(settings.lake, target_is_directory=True)
    own.build.mkdir()
    watch.begin("dbt")
    parity.dbt_build(own, ".venv", own.build, {}, {}, *SELECTED)
    watch.begin("")
    with duckdb.connect(str(own.build_database), read_only=True) as connection:
        for table, model in DAILY.items():
            peer.hand_over(connection, model, folder / f"{table}.parquet")
    return _versions(".venv", "dbt-core", "dbt-duckdb", "duckdb")


def on_spark(settings: Settings, folder: Path, watch: Watch) -> Mapping[str, str]:
    """Tables in Spark's own folder of the installation."""
    spark = settings.data / "spark"
    spark.mkdir(exist_ok=True)
    watch.begin("dbt")
    parity.dbt_build(settings, ".venv-spark", spark, {}, {}, *SELECTED, "--target", "spark")
    watch.begin("")
    with duckdb.connect() as connection:
        for table, model in DAILY.items():
            schema, name = model.split(".")
            files = literal(parity.warehouse(settings) / f"{schema}.db" / name / "*.parquet")
            peer.hand_over(connection, f"read_parquet({files})", folder / f"{table}.parquet")
    return _versions(".venv-spark", "dbt-core", "dbt-spark", "pyspark")


def _versions(environment: str, *packages: str) -> dict[str, str]:
    (path,) = (REPOSITORY / environment / "lib").glob("python*/site-packages")
    return {name: found.version for name in packages for found in distributions(name=name, path=[str(path)])}


if __name__ == "__main__":
    peer.main({"duckdb": on_duckdb, "spark": on_spark}[sys.argv[3]])
