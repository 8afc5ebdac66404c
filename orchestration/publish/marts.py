"""The marts of a build database, copied and fingerprinted.

Belongs here: what DuckDB must do to turn the schema `marts` of a build into a serving file and Parquet.
Does not belong here: names and places of releases (`release.py`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import duckdb

SCHEMA = "marts"


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
    with duckdb.connect(str(build), read_only=True) as connection:
        columns: dict[str, list[tuple[str, str]]] = {}
        for table, column, kind in connection.execute(
            "select table_name, column_name, data_type from information_schema.columns"
            " where table_schema = ? order by table_name, ordinal_position",
            [SCHEMA],
        ).fetchall():
            columns.setdefault(table, []).append((column, kind))
        if not columns:
            raise PublishError(f"{build}: schema {SCHEMA} is empty; expected the marts; run the refresh job")
        return tuple(_described(connection, name, tuple(cols)) for name, cols in columns.items())


def _described(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[tuple[str, str], ...]
) -> MartTable:
    # Two different aggregates of the row hashes: equal rows that come in pairs cancel out in xor alone.
    row = connection.execute(
        f"select count(*), coalesce(bit_xor(hash(t)), 0), coalesce(sum(hash(t) % 1000000007), 0)"
        f' from {SCHEMA}."{name}" as t'
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
        connection.execute(f"attach {_quoted(build)} as build (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        for table in tables:
            name = f'{SCHEMA}."{table.name}"'
            connection.execute(
                f"create table {name} as select *, {_quoted(release_id)} as release_id"
                f" from build.{name} order by all"
            )
            connection.execute(
                f"copy {name} to {_quoted(parquet / (table.name + '.parquet'))}"
                " (format parquet, compression zstd)"
            )
        connection.execute("detach build")


def _quoted(value: Path | str) -> str:
    """A text literal: paths cannot be bound as parameters in ATTACH and COPY."""
    return "'" + str(value).replace("'", "''") + "'"
