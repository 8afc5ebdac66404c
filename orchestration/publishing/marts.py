"""The marts of a build database, copied and fingerprinted.

Belongs here: what DuckDB must do to turn the schema `marts` of a build into a serving file and Parquet.
Does not belong here: names and places of releases (`release.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.sql_text import identifier, literal

SCHEMA = "marts"
RELEASE_ID = "release_id"  # the column that every published table gains
RELEASE_ID_COMMENT = "The release that this row was published with; the same in every row of a release."


class PublishError(Exception):
    """A release could not be made; what is served stays as it was."""


#: Rows lie in this order, as far as a mart has the columns: by what people filter on, so that readers skip the rest.
_FILTERED_BY = (
    "basis", "regime", "period_type", "unit_level", "unit_code", "metric_code", "group_code", "period_start",
)  # fmt: skip
_INDICATOR = "ind_"


@dataclass(frozen=True)
class Column:
    """One column of a mart, as the contract has it; `comment` is its description."""

    name: str
    type: str
    is_nullable: bool = True
    comment: str = ""


@dataclass(frozen=True)
class Relation:
    """A table or view of a schema, as a database describes it."""

    name: str
    is_view: bool
    columns: tuple[Column, ...]
    comment: str = ""


@dataclass(frozen=True)
class Mart:
    """What is served under one name: its columns, its rows, and a fingerprint of content and description.

    `query` is that of a view, over what else is served; empty for a table.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int
    fingerprint: str
    comment: str = ""
    query: str = ""


def describe(build: Path) -> tuple[Mart, ...]:
    """The schema `marts` of the build database, by name, views after the tables that they show.

    The fingerprint does not depend on the order of rows. Raises PublishError where there is nothing to publish.
    """
    if not build.is_file():
        raise PublishError(f"{build}: no build database; expected one written by dbt; run the refresh job")
    try:
        with duckdb.connect(str(build), read_only=True) as connection:
            marts = _marts(connection)
    except duckdb.Error as error:
        raise PublishError(
            f"{build}: cannot be read ({error}); expected a database that dbt has written and closed;"
            " run the refresh job"
        ) from error
    if not marts:
        raise PublishError(f"{build}: schema {SCHEMA} is empty; expected the marts; run the refresh job")
    for mart in marts:
        if any(column.name.lower() == RELEASE_ID for column in mart.columns):
            raise PublishError(
                f"{build}: table {mart.name} has a column {RELEASE_ID}; expected that name to be free,"
                " because every published table gains it; rename the column"
            )
    return marts


def _marts(connection: duckdb.DuckDBPyConnection) -> tuple[Mart, ...]:
    connection.execute("set TimeZone = 'UTC'")  # moments are fingerprinted as text
    return tuple(
        (_view if one.is_view and one.name.startswith(_INDICATOR) else _table)(
            connection, one.name, one.columns, one.comment
        )
        for one in relations(connection, SCHEMA)
    )


def relations(connection: duckdb.DuckDBPyConnection, schema: str) -> tuple[Relation, ...]:
    """What a schema holds, by name, tables before the views that show them; nothing where there is no such schema."""
    columns: dict[str, list[Column]] = {}
    for table, name, kind, is_nullable, comment in connection.execute(
        "select table_name, column_name, data_type, is_nullable, coalesce(comment, '') from duckdb_columns()"
        " where schema_name = ? order by table_name, column_index",
        [schema],
    ).fetchall():
        columns.setdefault(table, []).append(Column(name, kind, is_nullable, comment))
    listed = connection.execute(
        "select false, table_name, coalesce(comment, '') from duckdb_tables() where schema_name = $schema"
        " union all select true, view_name, coalesce(comment, '') from duckdb_views() where schema_name = $schema"
        " order by all",
        {"schema": schema},
    ).fetchall()
    return tuple(Relation(name, is_view, tuple(columns[name]), comment) for is_view, name, comment in listed)


def _table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[Column, ...], comment: str
) -> Mart:
    # Two different aggregates of the row hashes: equal rows that come in pairs cancel out in xor alone. Values are
    # hashed as text: `hash` of a list or struct does not tell an empty one from null, nor where a list ends.
    texts = ", ".join(f"{identifier(column.name)}::varchar" for column in columns)
    row = connection.execute(
        "select count(*), coalesce(bit_xor(row_hash), 0), coalesce(sum(row_hash % 1000000007), 0)"
        f" from (select hash({texts}) as row_hash from {_in_marts(name)})"
    ).fetchone()
    assert row is not None  # an aggregate without grouping always gives a row
    return Mart(name, columns, row[0], _digest(name, comment, columns, row), comment)


def _view(
    connection: duckdb.DuckDBPyConnection, name: str, columns: tuple[Column, ...], comment: str
) -> Mart:
    """The mart of one metric: in the build it counts, served it shows what the table of all metrics holds."""
    query = indicator_query(name, [*(column.name for column in columns), RELEASE_ID], SCHEMA)
    (rows,) = connection.execute(f"select count(*) from {_in_marts(name)}").fetchall()[0]
    return Mart(name, columns, rows, _digest(name, comment, columns, (rows, query)), comment, query)


def indicator_query(name: str, columns: Sequence[str], schema: str) -> str:
    """The query of the view `ind_<metric>` over the table of all metrics in `schema`; DuckDB and PostgreSQL read it."""
    shown = ", ".join(map(identifier, columns))
    metric = literal(name.removeprefix(_INDICATOR).upper())
    return f"select {shown} from {identifier(schema, 'mart_indicator_scores')} where metric_code = {metric}"


def _digest(name: str, comment: str, columns: tuple[Column, ...], content: object) -> str:
    told = (name, comment, [astuple(column) for column in columns], content)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def write(build: Path, marts: tuple[Mart, ...], release_id: str, target: Path) -> None:
    """Write `target/warehouse.duckdb` (schema `marts`) and `target/parquet/<mart>.parquet`.

    Every mart gains `release_id`, so that a reader can tell releases apart. Rows are sorted: the same marts
    give the same Parquet, and readers skip what they do not ask for. Columns keep NOT NULL and their comments.
    """
    parquet = target / "parquet"
    parquet.mkdir(parents=True)
    with duckdb.connect(str(target / "warehouse.duckdb")) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'")
        connection.execute(f"attach {literal(build)} as build (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        for mart in marts:
            name = _in_marts(mart.name)
            if mart.query:
                connection.execute(f"create view {name} as {mart.query}")
            else:
                _fill(connection, mart, release_id)
            _comment(connection, mart)
            connection.execute(
                f"copy (from {name}) to {literal(parquet / (mart.name + '.parquet'))}"
                " (format parquet, compression zstd)"
            )
        connection.execute("detach build")


def _fill(connection: duckdb.DuckDBPyConnection, mart: Mart, release_id: str) -> None:
    columns = ", ".join(
        f"{identifier(column.name)} {column.type}{'' if column.is_nullable else ' not null'}"
        for column in mart.columns
    )
    name, names = _in_marts(mart.name), [column.name for column in mart.columns]
    order = [
        *(key for key in _FILTERED_BY if key in names),
        *(key for key in names if key not in _FILTERED_BY),
    ]
    connection.execute(f"create table {name} ({columns}, {RELEASE_ID} varchar not null)")
    connection.execute(
        f"insert into {name} select *, {literal(release_id)} from build.{name}"
        f" order by {', '.join(map(identifier, order))}"
    )


def _comment(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    kind = "view" if mart.query else "table"
    if mart.comment:
        connection.execute(f"comment on {kind} {_in_marts(mart.name)} is {literal(mart.comment)}")
    told = [*mart.columns, Column(RELEASE_ID, "varchar", comment=RELEASE_ID_COMMENT)]
    for column in told:
        if column.comment:
            place = identifier(SCHEMA, mart.name, column.name)
            connection.execute(f"comment on column {place} is {literal(column.comment)}")


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
        connection.execute(f"create view {_in_marts(path.stem)} as from read_parquet({literal(path)})")
    return connection


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """What `query` finds with `values` for its parameters, by column."""
    found = connection.execute(query, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _in_marts(name: str) -> str:
    return identifier(SCHEMA, name)
