"""The marts of a build database, copied and fingerprinted.

Belongs here: what DuckDB must do to turn the schema `marts` of a build into a serving file and Parquet.
Does not belong here: names and places of releases (`release.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.sql_text import identifier, literal
from orchestration.vietnam_time import SHOW_VIETNAM

SCHEMA = "marts"
RELEASE_ID = "release_id"  # the column that every published table gains


class PublishError(Exception):
    """A release could not be made; what is served stays as it was."""


#: Rows lie in this order, as far as a mart has the columns: by what people filter on, so that readers skip the rest.
_FILTERED_BY = (
    "basis", "regime", "period_type", "unit_level", "unit_code", "metric_code", "group_code", "period_start",
)  # fmt: skip
_INDICATOR, _WIDE = "ind_", "bi_"
_SCORES = "mart_indicator_scores"
#: Views of pairs of periods, which grow with the square of the nights: computed where they are asked for, never whole.
_OF_PAIRS = ("bi_movement",)


@dataclass(frozen=True)
class Column:
    """One column of a mart, as the contract has it; `comment` is its description."""

    name: str
    type: str
    is_nullable: bool = True
    comment: str = ""


_RELEASE_ID = Column(
    RELEASE_ID,
    "VARCHAR",
    is_nullable=False,
    comment="The release that this row was published with; the same in every row of a release.",
)


@dataclass(frozen=True)
class Relation:
    """A table or view of a schema, as a database describes it. `statement` is the one that makes a view; else empty."""

    name: str
    statement: str
    columns: tuple[Column, ...]
    comment: str = ""

    def query(self, schema: str) -> str:
        """Of a view over the schema `marts` alone: what it shows, where that schema has the name `schema`."""
        text = self.statement.partition(" AS ")[2].rstrip().removesuffix(";")
        return re.sub(rf"\b{SCHEMA}\.", f"{identifier(schema)}.", text)


@dataclass(frozen=True)
class Mart:
    """What is served under one name: its columns, its rows, and a fingerprint of content and description.

    `query` is that of a view, over what else is served; empty for a table. `rows` is None where nobody counts them.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int | None
    fingerprint: str
    comment: str = ""
    query: str = ""


#: What is served beside the marts of the build: one row, about the release.
RELEASE = Mart(
    "release",
    (
        Column("created_at", "TIMESTAMPTZ", is_nullable=False, comment="When it was published."),
        Column("as_of", "DATE", comment="The newest day that any of its figures go up to."),
        Column(
            "contains_synthetic", "BOOLEAN", is_nullable=False,
            comment="Whether synthetic files are among its inputs; `contains_synthetic` beside a figure says of which.",
        ),
        Column("gates_passed", "INTEGER", is_nullable=False, comment="Gates that let it pass: all that there are."),
        Column("checks_passed", "INTEGER", is_nullable=False, comment="Expectations of these gates."),
        Column("code_revision", "VARCHAR", comment="Revision of the code that made it."),
        Column("is_code_changed", "BOOLEAN", comment="Whether files differed from that revision; null if nobody knows."),
        _RELEASE_ID,
    ),
    rows=1,
    fingerprint="",
    comment="Grain: one row. The release that is served: when it was made, of what, and by which code.",
)  # fmt: skip
#: Its description in Vietnamese; those of the marts are with their models.
RELEASE_VI = (
    "Mỗi dòng: một dòng duy nhất. Bản phát hành đang phục vụ: lúc nào, từ dữ liệu gì, bằng mã nguồn nào."
)


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
        _view(connection, one, query) if (query := _shown(one)) else _table(connection, one)
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
        "select '', table_name, coalesce(comment, '') from duckdb_tables() where schema_name = $schema"
        " union all select sql, view_name, coalesce(comment, '') from duckdb_views() where schema_name = $schema"
        " order by all",  # tables first: views show them
        {"schema": schema},
    ).fetchall()
    return tuple(
        Relation(name, statement, tuple(columns[name]), comment) for statement, name, comment in listed
    )


def _table(connection: duckdb.DuckDBPyConnection, one: Relation) -> Mart:
    # Two different aggregates of the row hashes: equal rows that come in pairs cancel out in xor alone. Values are
    # hashed as text: `hash` of a list or struct does not tell an empty one from null, nor where a list ends.
    texts = ", ".join(f"{identifier(column.name)}::varchar" for column in one.columns)
    row = connection.execute(
        "select count(*), coalesce(bit_xor(row_hash), 0), coalesce(sum(row_hash % 1000000007), 0)"
        f" from (select hash({texts}) as row_hash from {_in_marts(one.name)})"
    ).fetchone()
    assert row is not None  # an aggregate without grouping always gives a row
    return Mart(one.name, one.columns, row[0], _digest(one.name, one.comment, one.columns, row), one.comment)


def _shown(one: Relation) -> str:
    """What a view of the build shows once it is served; empty for what is served as a table.

    The mart of one metric counts in the build; served it shows what the table of all metrics holds. A wide view is over
    marts alone, there as here.
    """
    if one.statement and one.name.startswith(_INDICATOR):
        shown = ", ".join(identifier(column.name) for column in one.columns)
        metric = literal(one.name.removeprefix(_INDICATOR).upper())
        return f"select {shown}, {RELEASE_ID} from {_in_marts(_SCORES)} where metric_code = {metric}"
    if one.statement and one.name.startswith(_WIDE):
        release = _in_marts(RELEASE.name)
        return (
            f"select wide.*, {release}.{RELEASE_ID} from ({one.query(SCHEMA)}) as wide cross join {release}"
        )
    return ""


def _view(connection: duckdb.DuckDBPyConnection, one: Relation, query: str) -> Mart:
    rows = None
    if one.name not in _OF_PAIRS:
        (rows,) = connection.execute(f"select count(*) from {_in_marts(one.name)}").fetchall()[0]
    digest = _digest(one.name, one.comment, one.columns, (rows, query))
    return Mart(one.name, one.columns, rows, digest, one.comment, query)


def _digest(name: str, comment: str, columns: tuple[Column, ...], content: object) -> str:
    described = (name, comment, [astuple(column) for column in columns], content)
    return hashlib.sha256(repr(described).encode()).hexdigest()[:16]


def write(build: Path, marts: tuple[Mart, ...], manifest: Mapping[str, Any], target: Path) -> None:
    """Write `target/warehouse.duckdb` (schema `marts`) and `target/parquet/<mart>.parquet`; where the manifest names a
    column of a mart (`parquet_by`), `target/parquet/<mart>/<column>=<value>/<mart>.parquet`.

    `manifest` is that of the release, of which the table `release` is made. Every mart gains `release_id`, so that a
    reader can tell releases apart. Rows are sorted: the same marts give the same Parquet, and readers skip what they do
    not ask for. Columns keep NOT NULL and their comments.
    """
    parquet = target / "parquet"
    parquet.mkdir(parents=True)
    divided = {name: table.get("parquet_by") for name, table in manifest.get("tables", {}).items()}
    with duckdb.connect(str(target / "warehouse.duckdb")) as connection:
        connection.execute(SHOW_VIETNAM)
        connection.execute(f"attach {literal(build)} as build (read_only)")
        connection.execute(f"create schema {SCHEMA}")
        tables = [mart for mart in marts if not mart.query]
        for mart in tables:
            _fill(connection, mart, manifest["release_id"])
        _fill_release(connection, tables, manifest)
        views = [mart for mart in marts if mart.query]
        for mart in views:
            connection.execute(f"create view {_in_marts(mart.name)} as {mart.query}")
        for mart in (*tables, RELEASE, *views):
            _comment(connection, mart)
            if mart.rows is None:
                continue
            if divided_by := divided.get(mart.name):
                _write_folders(connection, mart, divided_by, parquet / mart.name)
            else:
                _write_file(connection, f"from {_in_marts(mart.name)}", parquet / f"{mart.name}.parquet")
        connection.execute("detach build")


def _write_file(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    connection.execute(f"copy ({query}) to {literal(path)} (format parquet, compression zstd)")


def _write_folders(connection: duckdb.DuckDBPyConnection, mart: Mart, column: str, folder: Path) -> None:
    """A file for each value of the column, so that each can be handed to whom it is about; that column is the name of
    its folder and not in it, as readers of such folders expect. Without any row a file says which columns there are.
    """
    found = next((one for one in mart.columns if one.name == column), None)
    if found is None or found.is_nullable:
        raise PublishError(
            f"{mart.name}: its Parquet is divided by {column!r}, found"
            f" {'no such column' if found is None else 'nulls allowed'}; expected a column that the contract says is not"
            " null; correct `meta.parquet_by` or the contract"
        )
    name, by = _in_marts(mart.name), identifier(column)
    distinct = connection.execute(f"select distinct {by} from {name} order by 1").fetchall()
    values = [str(value) for (value,) in distinct]
    if odd := [value for value in values if not re.fullmatch(r"[A-Za-z0-9_.]+", value)]:
        raise PublishError(
            f"{mart.name}: found {odd[0]!r} in {column}, by which its Parquet is divided; expected letters, digits, dots"
            " and underscores, for it names a folder; correct the column, or divide by another (`meta.parquet_by`)"
        )
    folder.mkdir()
    if not values:
        _write_file(connection, f"from {name}", folder / f"{mart.name}.parquet")
    for value in values:
        part = folder / f"{column}={value}"
        part.mkdir()
        rows = f"select * exclude ({by}) from {name} where {by} = {literal(value)}"
        _write_file(connection, rows, part / f"{mart.name}.parquet")


def _fill(connection: duckdb.DuckDBPyConnection, mart: Mart, release_id: str) -> None:
    name, names = _in_marts(mart.name), [column.name for column in mart.columns]
    order = [
        *(key for key in _FILTERED_BY if key in names),
        *(key for key in names if key not in _FILTERED_BY),
    ]
    connection.execute(f"create table {name} ({_declared((*mart.columns, _RELEASE_ID))})")
    connection.execute(
        f"insert into {name} select *, {literal(release_id)} from build.{name}"
        f" order by {', '.join(map(identifier, order))}"
    )


def _fill_release(
    connection: duckdb.DuckDBPyConnection, tables: Sequence[Mart], manifest: Mapping[str, Any]
) -> None:
    dated = [mart.name for mart in tables if any(column.name == "as_of" for column in mart.columns)]
    days = " union all ".join(f"select max(as_of) from {_in_marts(name)}" for name in dated)
    (newest,) = (
        connection.execute(f"select max(day) from ({days}) as days(day)").fetchall()[0] if dated else [None]
    )
    code, gates = manifest["code"], manifest["gates"]
    changed = code.get("changed_files")
    connection.execute(f"create table {_in_marts(RELEASE.name)} ({_declared(RELEASE.columns)})")
    connection.execute(
        f"insert into {_in_marts(RELEASE.name)} values (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            manifest["created_at"], newest, manifest["contains_synthetic"],
            len(gates), sum(gate["checks"] for gate in gates),
            code.get("revision"), None if changed is None else changed == "yes",
            manifest["release_id"],
        ],
    )  # fmt: skip


def _declared(columns: Sequence[Column]) -> str:
    return ", ".join(
        f"{identifier(column.name)} {column.type}{'' if column.is_nullable else ' not null'}"
        for column in columns
    )


def _comment(connection: duckdb.DuckDBPyConnection, mart: Mart) -> None:
    kind = "view" if mart.query else "table"
    if mart.comment:
        connection.execute(f"comment on {kind} {_in_marts(mart.name)} is {literal(mart.comment)}")
    for column in dict.fromkeys((*mart.columns, _RELEASE_ID)):
        if column.comment:
            place = identifier(SCHEMA, mart.name, column.name)
            connection.execute(f"comment on column {place} is {literal(column.comment)}")


def open_marts(release: Path) -> duckdb.DuckDBPyConnection:
    """A connection that shows the marts of a release in schema `marts`, read from its Parquet: whoever holds its
    database, a BI tool that has opened it to write, keeps nobody from it. `release` may be the serving folder: what it
    shows is one release, whatever is served meanwhile. Raises duckdb.Error where there are none.
    """
    folder = release / "parquet"
    if not folder.is_dir():
        raise duckdb.IOException(
            f"{folder}: nothing is served; expected the marts of a release; run the refresh job"
        )
    release = folder.resolve().parent
    connection = duckdb.connect()
    connection.execute(SHOW_VIETNAM)
    show(connection, release, SCHEMA)
    for name, query in without_parquet(release).items():
        connection.execute(f"create view {_in_marts(name)} as {query}")
    return connection


def show(connection: duckdb.DuckDBPyConnection, release: Path, schema: str) -> None:
    """Make `schema`, in which each mart of a release that has Parquet is a view."""
    connection.execute(f"create schema {identifier(schema)}")
    for path in sorted((release / "parquet").iterdir()):
        files = (
            f"{literal(path / '**' / '*.parquet')}, hive_partitioning = true, hive_types_autocast = false"
            if path.is_dir()
            else literal(path)
        )
        connection.execute(f"create view {identifier(schema, path.stem)} as from read_parquet({files})")


def without_parquet(release: Path) -> dict[str, str]:
    """The views of a release of which it keeps no Parquet, as its manifest has them."""
    path = release / "manifest.json"
    try:
        tables = json.loads(path.read_text(encoding="utf-8")).get("tables", {})
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise duckdb.IOException(
            f"{path}: found no JSON ({error}); expected the manifest of a release"
        ) from error
    return {name: table["query"] for name, table in tables.items() if "query" in table}


def rows(
    connection: duckdb.DuckDBPyConnection, query: str, values: Mapping[str, object] | None = None
) -> list[dict[str, Any]]:
    """What `query` finds with `values` for its parameters, by column."""
    found = connection.execute(query, values)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _in_marts(name: str) -> str:
    return identifier(SCHEMA, name)
