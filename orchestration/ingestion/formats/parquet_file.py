"""Nested Parquet as a relation of its fields: texts, or whatever else can be turned into one.

Here: its columns, and their types as texts. Not here: whether a file may be opened at all (`parquet_bounds`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from orchestration.ingestion.formats.parquet_bounds import check_unpacked, declared_by
from orchestration.ingestion.formats.wire import (
    Wire,
    listed_files,
    text_relation,
)
from orchestration.ingestion.records.columns import (
    Columns,
    Fields,
    Wanted,
    find_columns,
)
from orchestration.ingestion.records.mapping import SystemMapping
from orchestration.ingestion.records.mapping_macros import in_zone
from orchestration.sql_text import identifier, literal


def parquet_columns(connection: duckdb.DuckDBPyConnection, path: Path, wanted: Wanted) -> Columns:
    """The columns of a Parquet file. Checks its size before anything is read. Raises UnreadableError."""
    declared = declared_by(path)
    # DuckDB would call the second of two columns that differ in capitals otherwise.
    schema = connection.sql(f"select name, num_children from parquet_schema({literal(str(path))})").fetchall()
    names, below = [], 0
    for column, children in schema[1:]:
        if below == 0:
            names.append(column)
        below += (children or 0) - (below > 0)
    columns = find_columns(names, wanted)
    _check_texts(connection, path, columns, declared.repeated)
    return columns


def _check_texts(
    connection: duckdb.DuckDBPyConnection, path: Path, columns: Columns, repeated: Collection[str]
) -> None:
    """That texts which a dictionary repeats do not come to more than a file of this size may. Of a text its length is
    looked at alone, which takes nothing. `repeated` are names of columns.
    """
    described = connection.sql(f"from {_parquet(path)} limit 0")
    lengths = [
        length
        for place in columns.places.values()
        if columns.names[place] in repeated
        and (length := _length(identifier(described.columns[place]), described.types[place]))
    ]
    if lengths:
        query = (
            f"select {' + '.join(f'coalesce(sum({length}), 0)' for length in lengths)} from {_parquet(path)}"
        )
        ((texts,),) = connection.sql(query).fetchall()
        check_unpacked(int(texts), path.stat().st_size)


def _length(value: str, kind: duckdb.sqltypes.DuckDBPyType, depth: int = 0) -> str:
    """SQL of how many bytes the texts come to that `value` holds, however deep; empty where it holds none."""
    if str(kind) in ("VARCHAR", "JSON"):
        return f"strlen({value})"
    if str(kind) == "BLOB":
        return f"octet_length({value})"
    below = [
        (part, inner) for part, inner in (kind.children if kind.id in ("list", "map", "struct") else [])
        if isinstance(inner, duckdb.sqltypes.DuckDBPyType)
    ]  # fmt: skip
    if kind.id == "list":
        inner = _length(f"x{depth}", below[0][1], depth + 1)
        return f"list_sum(list_transform({value}, lambda x{depth}: {inner}))" if inner else ""
    if kind.id == "map":
        sides = zip(("map_keys", "map_values"), (inner for _, inner in below), strict=True)
        found = [_length(f"{side}({value})", duckdb.list_type(inner), depth) for side, inner in sides]
    elif kind.id == "struct":
        found = [_length(f"struct_extract({value}, {literal(part)})", inner, depth) for part, inner in below]
    else:
        return ""
    return " + ".join(f"coalesce({length}, 0)" for length in found if length)


def parquet_wire(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    columns: Columns,
    fields: Fields,
    mapping: SystemMapping,
) -> Wire:
    """Nested Parquet: texts or whatever else can be turned into one."""
    described = connection.sql(f"from {_parquet(path)} limit 0")
    types = described.types
    # Only what is read, under names of our own: those of a file may be anything.
    read = ["row_number() over () as record_no"]
    texts, native = {}, {}
    for field, place in columns.places.items():
        kind, column, parts = types[place], f"c{place}", fields[field]
        read.append(f"{identifier(described.columns[place])} as {column}")
        if parts is None:
            texts[field] = _as_text(column, str(kind), mapping)
        elif str(kind) == "VARCHAR":
            texts[field] = column
        elif _holds(kind, parts):
            native[field] = column
        else:
            texts[field] = f"to_json({column})::varchar"

    def wire(paths: Sequence[Path]) -> str:
        _, _, more = listed_files(paths)
        rows = f"select {', '.join([*read, *more])} from {_parquet(*paths)}"
        return text_relation(rows, fields, texts, native, more)

    # DuckDB would turn what a file holds into the types of the first.
    return Wire.made(wire, *types)


def _parquet(*paths: Path) -> str:
    listed, naming, _ = listed_files(paths)
    return f"read_parquet({listed}, binary_as_string = true, hive_partitioning = false{naming})"


def native_moment_format(mapping: SystemMapping) -> str:
    """How a moment that is none of text (Parquet, spreadsheets) is written so that the mapping reads it."""
    minutes = mapping.zone_minutes or 0
    offset = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    is_named = mapping.zone_minutes is None  # then the offset depends on the moment
    timed = [
        text for text in mapping.formats
        if "%S" in text and "%f" not in text and not (is_named and "%z" in text)
    ]  # fmt: skip
    return (timed or ["%Y-%m-%dT%H:%M:%S"])[0].replace("%z", offset)


def _holds(kind: duckdb.sqltypes.DuckDBPyType, parts: list[str]) -> bool:
    """Whether `kind` is a list of structs with at least these texts."""
    element = kind.children[0][1] if kind.id == "list" else None
    if not isinstance(element, duckdb.sqltypes.DuckDBPyType) or element.id != "struct":
        return False
    inner = {part: str(child) for part, child in element.children}
    return all(inner.get(part) == "VARCHAR" for part in parts)


def _as_text(column: str, kind: str, mapping: SystemMapping) -> str:
    if kind in ("VARCHAR", "BIGINT", "INTEGER"):
        return column
    written = literal(native_moment_format(mapping))
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({in_zone(mapping, column)}, {written})"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        whole = f"strftime({column}::timestamp, {written})"
        finer = next((text for text in mapping.formats if "%f" in text and "%z" not in text), None)
        if finer is None or kind == "DATE":
            return whole
        is_whole = f"epoch_us({column}::timestamp) % 1000000 = 0"
        return f"case when {is_whole} then {whole} else strftime({column}::timestamp, {literal(finer)}) end"
    return f"{column}::varchar"
