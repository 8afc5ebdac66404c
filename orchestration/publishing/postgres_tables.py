"""Served tables made anew in PostgreSQL: types, rows, keys, comments, views.

Belongs here: what becomes of one table or view. Does not belong here: schemas and when readers see them (`postgres`).
Names and texts are quoted alike in DuckDB and PostgreSQL (`sql_text`). No row passes through Python: DuckDB writes CSV
into a pipe, PostgreSQL reads it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import duckdb
import psycopg

from orchestration.publishing.marts import Column, PublishError, Relation
from orchestration.sql_text import identifier, literal

UNIT = "unit_code"
#: What people filter on where they do not ask for one unit.
INDEXED = ("unit_level", "period_type", "basis", "period_start")
CHUNK_BYTES = 1 << 18

#: DuckDB's scalar types; a decimal is one of the same digits, and what has parts is `jsonb`.
_TYPES = {
    "BOOLEAN": "boolean", "SMALLINT": "smallint", "INTEGER": "integer", "BIGINT": "bigint",
    "HUGEINT": "numeric(39, 0)", "FLOAT": "real", "DOUBLE": "double precision", "VARCHAR": "text", "DATE": "date",
    "TIME": "time", "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz", "UUID": "uuid", "JSON": "jsonb",
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_NESTED = re.compile(r".*\]|(STRUCT|MAP)\(.*\)", re.DOTALL)


def make(
    postgres: psycopg.Connection,
    served: duckdb.DuckDBPyConnection,
    source: str,
    target: str,
    relation: Relation,
    key: Sequence[str],
) -> None:
    """What schema `source` of a served file holds as `relation`, made in schema `target` of PostgreSQL.

    Raises PublishError for a type without a counterpart, and where fewer rows arrived than were sent; psycopg.Error for
    what the server refuses.
    """
    name = identifier(target, relation.name)
    if relation.statement:
        run(postgres, f"create view {name} as {relation.query(target)}")
    else:
        columns = ", ".join(
            f"{identifier(column.name)} {postgres_type(relation.name, column)}"
            f"{'' if column.is_nullable else ' not null'}"
            for column in relation.columns
        )
        run(postgres, f"create table {name} ({columns})")
        _fill(postgres, served, identifier(source, relation.name), name, relation.columns)
        _index(postgres, name, relation, key)
    _comment(postgres, name, relation)
    if not relation.statement:
        run(postgres, f"analyze {name}")  # or the first readers' plans are guesses


def run(postgres: psycopg.Connection, statement: str) -> None:
    """One statement of ours, without values to bind. Raises psycopg.Error."""
    postgres.execute(statement.encode())


def postgres_type(table: str, column: Column) -> str:
    """The type of a column in PostgreSQL. Raises PublishError."""
    if found := _TYPES.get(column.type):
        return found
    if digits := _DECIMAL.fullmatch(column.type):
        return f"numeric({digits[1]}, {digits[2]})"
    if _NESTED.fullmatch(column.type):
        return "jsonb"
    raise PublishError(
        f"{table}.{column.name}: found type {column.type}, expected one of {', '.join(_TYPES)}, a decimal, a list or a"
        " struct; cast it in the model, or say in orchestration/publishing/postgres_tables.py what it becomes"
    )


def _fill(
    postgres: psycopg.Connection,
    served: duckdb.DuckDBPyConnection,
    source: str,
    target: str,
    columns: Sequence[Column],
) -> None:
    values = ", ".join(
        f"to_json({identifier(column.name)})" if _NESTED.fullmatch(column.type) else identifier(column.name)
        for column in columns
    )
    ((rows,),) = served.execute(f"select count(*) from {source}").fetchall()
    with postgres.cursor() as cursor:
        with (
            _csv(served, f"select {values} from {source}") as sent,
            # Null is nothing, an empty text is "": both sides take it so.
            cursor.copy(f"copy {target} from stdin (format csv)".encode()) as copy,
        ):
            while chunk := sent.read(CHUNK_BYTES):
                copy.write(chunk)
        arrived = cursor.rowcount
    if arrived != rows:
        raise PublishError(
            f"{target}: found {arrived} rows, expected the {rows} of {source}; nothing was swapped"
        )


@contextmanager
def _csv(served: duckdb.DuckDBPyConnection, query: str) -> Iterator[BinaryIO]:
    """What `query` finds as CSV, while DuckDB still writes it. Raises duckdb.Error at the end where it could not."""
    reading, writing = os.pipe()

    def write() -> None:
        try:
            served.execute(
                f"copy ({query}) to {literal(f'/dev/fd/{writing}')} (format csv, header false, use_tmp_file false)"
            )
        finally:
            os.close(writing)

    with ThreadPoolExecutor(1) as beside, os.fdopen(reading, "rb") as sent:
        written = beside.submit(write)
        yield sent
        written.result()


def _index(postgres: psycopg.Connection, name: str, relation: Relation, key: Sequence[str]) -> None:
    """The key, led by the unit, for that is what most queries ask for; and one index for those that do not."""
    nullable = {column.name for column in relation.columns if column.is_nullable}
    if key:
        kind = "unique nulls not distinct" if nullable & set(key) else "primary key"
        run(postgres, f"alter table {name} add {kind} ({_listed(sorted(key, key=lambda one: one != UNIT))})")
    if set(INDEXED) <= {column.name for column in relation.columns}:
        run(postgres, f"create index on {name} ({_listed(INDEXED)})")


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(map(identifier, columns))


def _comment(postgres: psycopg.Connection, name: str, relation: Relation) -> None:
    if relation.comment:
        kind = "view" if relation.statement else "table"
        run(postgres, f"comment on {kind} {name} is {literal(relation.comment)}")
    for column in relation.columns:
        if column.comment:
            run(
                postgres,
                f"comment on column {name}.{identifier(column.name)} is {literal(column.comment)}",
            )
