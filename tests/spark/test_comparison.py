"""What `make parity` takes for a difference.

Belongs here: the comparison, on small tables; no Spark. Does not belong here: the marts (`test_parity.py`).
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from bench import parity

OURS = "select 1 as id, 'a' as name, date '2026-10-10' as day, cast(0.5 as double) as ratio"


def compared(folder: Path, ours: str, theirs: str | None) -> parity.Mart:
    database, warehouse = folder / "build.duckdb", folder / "warehouse"
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema marts")
        connection.execute(f"create table marts.mart_x as {ours}")
        if theirs:
            there = warehouse / "marts.db" / "mart_x"
            there.mkdir(parents=True)
            connection.execute(f"copy ({theirs}) to '{there}/part-0.parquet'")
    manifest = folder / "manifest.json"
    model = {"name": "mart_x", "access": "public"}
    test = {"test_metadata": {"name": "unique", "kwargs": {"column_name": "id"}}, "attached_node": "model.x"}
    manifest.write_text(json.dumps({"nodes": {"model.x": model, "test.x": test}}), encoding="utf-8")
    (mart,) = parity.compare(database, warehouse, manifest)
    return mart


@pytest.mark.parametrize(
    ("theirs", "differences"),
    [
        (OURS, {}),
        (OURS.replace("0.5", "0.5000000001"), {}),  # another order of adding
        (OURS.replace("0.5", "0.500000002"), {"ratio": 1}),
        (OURS.replace("cast(0.5", "cast(null"), {"ratio": 1}),
        (OURS.replace("'a'", "'A'"), {"name": 1}),
        (OURS.replace("'a'", "cast(null as varchar)"), {"name": 1}),
        (OURS.replace("2026-10-10", "2026-10-11"), {"day": 1}),
        (OURS.replace("1 as id", "cast(1 as bigint) as id"), {"id: INTEGER, on Spark BIGINT": 1}),
        (f"{OURS} where false", {"rows of one alone": 1, "id": 1, "name": 1, "day": 1, "ratio": 1}),
    ],
)
def test_a_column_differs_where_its_values_do(
    tmp_path: Path, theirs: str, differences: dict[str, int]
) -> None:
    mart = compared(tmp_path, OURS, theirs)
    assert (mart.differences, mart.is_same) == (differences, not differences)


def test_a_mart_that_spark_did_not_make_is_a_difference(tmp_path: Path) -> None:
    mart = compared(tmp_path, OURS, None)
    assert (mart.spark_rows, mart.is_same) == (None, False)
