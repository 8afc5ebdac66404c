"""JSON as a relation of its fields: lines, read the fast way or with something odd in them, and documents.

Here: what DuckDB reads of a line, and how it tells which one is no record. Not here: a document as such
(`json_document`), and the fields (`records.mapping`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.ingestion.formats.wire import (
    MAX_LINE_BYTES,
    REJECTS,
    Wire,
    list_type,
    listed_files,
)
from orchestration.ingestion.records.columns import (
    Fields,
)
from orchestration.ingestion.records.mapping import column_of_field
from orchestration.sql_text import identifier, literal

#: No JSON text may hold this byte, so that a line is one column, and a line with it is malformed.
NO_DELIMITER = "\x01"
#: What `plain_lines_wire` fails with; the last where DuckDB's message shows a line that it cut within a character.
STOPS_FAST_READER = (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError)


def lines_wire(path: Path, fields: Fields) -> str:
    """JSON Lines: the number of a record is that of its line. Reads whatever there is."""
    lines = f"select row_number() over () as record_no, line from ({lines_of(path)})"
    return _json_relation(f"select * from ({lines}) where regexp_matches(line, '\\S')", fields)


def plain_lines_wire(fields: Fields) -> Wire:
    """JSON Lines by DuckDB's own reader: twice as fast, for files that it reads to the end and that have a record in
    every line (`count_lines`). Then it gives what `lines_wire` does; on anything else than objects of texts and lists
    of objects, with a field that is known, it fails.
    """
    kinds = ", ".join(
        f"{literal(field)}: {literal('varchar' if parts is None else list_type(parts))}"
        for field, parts in fields.items()
    )
    is_nothing = " and ".join(f"{identifier(field)} is null" for field in fields)
    columns = [f"{identifier(field)} as {column}" for field, column in column_of_field(fields).items()]

    def wire(paths: Sequence[Path]) -> str:
        listed, naming, more = listed_files(paths)
        return (
            "select row_number() over () as record_no, null::varchar as text,"
            f" case when {is_nothing} then error('no field known') else false end as is_malformed,"
            f" null::varchar[] as bad_lists, null::varchar[] as twice, {', '.join([*columns, *more])}"
            f" from read_ndjson({listed}, columns = {{{kinds}}}, maximum_object_size = {MAX_LINE_BYTES}{naming})"
        )

    return Wire.made(wire)


def lines_of(path: Path, ends: str = "new_line = '\\n'") -> str:
    """A query of the lines of a file, whole."""
    return (
        f"select line from read_csv({literal(str(path))}, columns = {{'line': 'varchar'}},"
        f" delim = '{NO_DELIMITER}', quote = '', escape = '', comment = '', header = false,"
        f" {ends}, {REJECTS})"
    )


def envelope_wire(fields: Fields) -> Wire:
    """The entries of `data` of documents in table `envelope`."""

    def wire(paths: Sequence[Path]) -> str:
        listed, _, more = listed_files(paths)
        return _json_relation(
            "select record_no, element::varchar as line, filename from (select unnest(body -> '$.data[*]') as element,"
            " generate_subscripts(body -> '$.data[*]', 1) as record_no, filename from envelope"
            f" where list_contains({listed}, filename))",
            fields,
            more,
        )

    return Wire.made(wire)


def _json_relation(lines: str, fields: Fields, more: Sequence[str] = ()) -> str:
    schema = json.dumps(
        {f: "VARCHAR" if p is None else [dict.fromkeys(p, "VARCHAR")] for f, p in fields.items()}
    )
    lists = [field for field, parts in fields.items() if parts is not None]
    columns = ", ".join(
        [*(f"w.{identifier(field)} as {column}" for field, column in column_of_field(fields).items()), *more]
    )
    kinds, bad = "null", "null::varchar[]"
    if lists:
        # Looked up only where a list is missing, all at once.
        missing = " or ".join(f"w.{identifier(field)} is null" for field in lists)
        paths = ", ".join(literal(f'$."{field}"') for field in lists)
        kinds = f"case when w is not null and ({missing}) then json_extract(line, [{paths}]) end"
        tests = ", ".join(
            f"case when w.{identifier(f)} is null and json_type(kinds[{i}]) not in ('ARRAY', 'NULL')"
            f" and coalesce(trim(kinds[{i}] ->> '$'), '') <> '' then {literal(f)} end"
            for i, f in enumerate(lists, 1)
        )
        bad = f"case when kinds is not null then list_filter([{tests}], lambda b: b is not null) end"
    # DuckDB takes the first value, and nobody knows which was meant.
    mapped = ", ".join(map(literal, fields))
    twice = (
        f"case when len(keys) <> len(list_distinct(keys))"
        f" then list_filter([{mapped}], lambda f: len(list_filter(keys, lambda k: k = f)) > 1) end"
    )
    return f"""
        select record_no, line as text, w is null or not regexp_matches(line, '^\\s*[{{]') as is_malformed,
            {bad} as bad_lists, {twice} as twice, {columns}
        from (select *, {kinds} as kinds, try(json_keys(line)) as keys
            from (select *, try(json_transform(line, {literal(schema)})) as w from ({lines})))
    """
