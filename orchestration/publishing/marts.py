"""The marts of a build database, copied and fingerprinted.

Belongs here: what DuckDB must do to turn the schema `marts` of a build into a serving file and Parquet.
Does not belong here: names and places of releases (`release.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.sql_text import identifier, literal

SCHEMA = "marts"
RELEASE_ID = "release_id"  # the column that every published table gains


class PublishError(Exception):
    """A release could not be made; what is served stays as it was."""


@dataclass(frozen=True)
class MartTable:
    """One published table: its columns as (name, type), its rows, and a fingerprint of their content."""

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    fingerprint: str


def describe(build: Path) -> tuple[MartTable, ...]:
    """The tables of schema `marts` in the build database, by name.

    The fingerprint does not depend on the order of rows. Raises PublishError where there is nothing to publish.
    """
    if not build.is_file():
        raise PublishError(f"{build}: no build database; expected one written by dbt; run the refresh job")
    try:
        with duckdb.connect(str(build), read_only=True) as connection:
            tables = _tables(connection)
    except duckdb.Error as error:
        raise PublishError(
            f"{build}: cannot be read ({error}); expected a database that dbt has written and closed;"
            " run the refresh job"
        ) from error
    if not tables:
        raise PublishError(f"{build}: schema {SCHEMA} is empty; expected the marts; run the refresh job")
    for table in tables:
        if any(column.lower() == RELEASE_ID for column, _ in table.columns):
            raise PublishError(
                f"{build}: table {table.name} has a column {RELEASE_ID}; expected that name to be free,"
                " because every published table gains it; rename the column"
            )
    return tables


def _tables(connection: duckdb.DuckDBPyConnection) -> tuple[MartTable, ...]:
    connection.execute("set TimeZone = 'UTC'")  # moments are fingerprinted as text
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from information_schema.columns"
        " where table_schema = ? order by table_name, ordinal_position",
        [SCHEMA],
    ).fetchall():
        columns.setdefault(table, []).append((column, kind))
    return tuple(_described(connection, name, tuple(cols)) for name, cols in columns.items())


def _described(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[tuple[str, str], ...]
) -> MartTable:
    # Two different aggregates of the row hashes: equal rows that come in pairs cancel out in xor alone. Rows are
    # hashed as text: `hash` of a list or struct does not tell an empty one from null, nor where a list ends.
    # The alias must not be the name of a column: `hash(alias)` would then be of that column alone.
    row = connection.execute(
        "select count(*), coalesce(bit_xor(hash(whole)), 0), coalesce(sum(hash(whole) % 1000000007), 0)"
        f' from (select "the whole row"::varchar as whole from {_table(name)} as "the whole row")'
    ).fetchone()
    assert row is not None  # an aggregate without grouping always gives a row
    digest = hashlib.sha256(repr((name, columns, row)).encode()).hexdigest()
    return MartTable(name, columns, row[0], digest[:16])


def write(build: Path, tables: tuple[MartTable, ...], release_id: str, target: Path) -> None:
    """Write `target/warehouse.duckdb` (schema `marts`) and `target/parquet/<table>.parquet`.

    Every table gains `release_id`, so that a reader can tell releases apart. Rows are sorted: the same marts
    give the same Parquet, and readers skip what they do not ask for.
    """
    parquet = target / "parquet"
    parquet.mkdir(parents=True)
    with duckdb.connect(str(target / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        connection.execute(f"attach {literal(build)} as build (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        for table in tables:
            name = _table(table.name)
            connection.execute(
                f"create table {name} as select *, {literal(release_id)} as {RELEASE_ID}"
                f" from build.{name} order by all"
            )
            connection.execute(
                f"copy {name} to {literal(parquet / (table.name + '.parquet'))}"
                " (format parquet, compression zstd)"
            )
        connection.execute("detach build")


def open_marts(release: Path) -> duckdb.DuckDBPyConnection:
    """A connection that shows the marts of a release in schema `marts`, read from its Parquet: whoever holds its
    database, a BI tool that has opened it to write, keeps nobody from it. Raises duckdb.Error where there are none.
    """
    folder = release / "parquet"
    if not folder.is_dir():
        raise duckdb.IOException(
            f"{folder}: nothing is served; expected the marts of a release; run the refresh job"
        )
    connection = duckdb.connect()
    connection.execute(f"set TimeZone = 'Asia/Ho_Chi_Minh'; create schema {SCHEMA}")
    for path in sorted(folder.glob("*.parquet")):
        connection.execute(f"create view {_table(path.stem)} as from read_parquet({literal(path)})")
    return connection


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """What `query` finds with `values` for its parameters, by column."""
    found = connection.execute(query, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _table(name: str) -> str:
    return identifier(SCHEMA, name)
