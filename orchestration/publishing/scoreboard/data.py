"""The figures of the page: what the queries find in the marts of a release, in columns, packed for the browser.

Belongs here: running the queries of `queries`, and packing what they find. Does not belong here: how it is shown
(`templates`). Python carries columns from DuckDB to JSON and looks at no row.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.marts import open_marts
from orchestration.sql_text import literal

QUERIES = Path(__file__).parent / "queries"
#: What the page holds from the start; what lies below a province is unpacked when it is opened.
_FROM_THE_START = (
    "ranking", "groups", "group_medians", "metrics", "metric_medians", "headlines", "indicators", "bands", "coverage",
    "searched", "group_names", "tiles", "plans", "moves",
)  # fmt: skip
_OF_THE_RELEASE = ("reconciliation", "captures", "source_quality")

Columns = Mapping[str, list[Any]]


def open_release(release: Path, previous: Path | None) -> duckdb.DuckDBPyConnection:
    """The marts of a release, its periods numbered; in schema `before` the ranking of the release before it, if kept."""
    connection = open_marts(release)
    connection.execute(query("periods"))
    ranking = previous / "parquet" / "mart_province_ranking.parquet" if previous else None
    if ranking is not None and ranking.is_file():
        # A release of before that column does not say what was synthetic, and keeps no release from being published.
        connection.execute(
            f"create schema before; create view before.mart_province_ranking as from read_parquet({literal(ranking)})"
            " union all by name select null::boolean as contains_synthetic where false"
        )
    return connection


def opened_first(connection: duckdb.DuckDBPyConnection, reference: Path) -> dict[str, Columns]:
    """What every view may need: all periods, provinces, groups and metrics. `reference` is the folder of dbt's seeds."""
    found = {name: found_by(connection, name) for name in _FROM_THE_START}
    found["periods"] = columns(connection, "from periods order by p")
    found["band_bounds"] = columns(
        connection,
        "select band, minimum_score, below_score from read_csv($path) order by minimum_score desc nulls last",
        {"path": str(reference / "bands.csv")},
    )
    return found


def of_the_release(connection: duckdb.DuckDBPyConnection) -> dict[str, Columns]:
    """What does not depend on the period that is looked at."""
    return {name: found_by(connection, name) for name in _OF_THE_RELEASE}


def synthetic_bases(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The bases of which something on the page is synthetic: one may be while the other is real."""
    return found_by(connection, "synthetic")["basis"]


def changes(connection: duckdb.DuckDBPyConnection) -> dict[str, Columns] | None:
    """What this release says otherwise than the one before it; None where that one is not kept."""
    kept = connection.execute("select 1 from duckdb_views() where schema_name = 'before'").fetchone()
    return {name: found_by(connection, name) for name in ("changes", "new_periods")} if kept else None


def units_of(connection: duckdb.DuckDBPyConnection, province: str) -> Columns:
    """Departments and communes of a province, in all periods."""
    return found_by(connection, "units", {"province": province})


def found_by(
    connection: duckdb.DuckDBPyConnection, name: str, values: Mapping[str, object] | None = None
) -> Columns:
    """What the query of that name finds, by column."""
    return columns(connection, query(name), values)


def query(name: str) -> str:
    """The text of the query of that name."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8")


def columns(
    connection: duckdb.DuckDBPyConnection, text: str, values: Mapping[str, object] | None = None
) -> Columns:
    """What the query `text` finds, a list a column, all in the order of the query."""
    found = connection.execute(f"select list(columns(*)) from ({text})", values)
    names = [column[0] for column in found.description]
    return {name: cells or [] for name, cells in zip(names, found.fetchall()[0], strict=True)}


def packed(content: object) -> str:
    """JSON, compressed, as text that HTML can hold; the same content gives the same text."""
    text = json.dumps(content, default=_plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return packed_bytes(text.encode())


def packed_bytes(content: bytes) -> str:
    """Compressed, as text that HTML can hold."""
    return base64.b64encode(gzip.compress(content, compresslevel=9, mtime=0)).decode()


def _plain(value: object) -> float | str:
    """What JSON has no word for. Decimals of the marts have two places: a float keeps them."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(
        f"found a {type(value).__name__} among the figures; expected a number, a text, a day or nothing"
    )
