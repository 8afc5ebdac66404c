"""From an opened file to a relation of its fields, one row a record, as `mapping_sql` reads it.

Here: what each format needs so that DuckDB reads it as texts and lists, and finds out by itself where it is
malformed. Not here: compression and disguise (`unpack`), and the meaning of any field.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb

from orchestration.ingest.mapping import SystemMapping
from orchestration.ingest.mapping_sql import literal, name
from orchestration.ingest.problems import RESEND, Problem, masked

Fields = Mapping[str, list[str] | None]
"""Field -> None, or, for a list, the fields of its elements."""

#: One record. The largest dossiers have some hundred attachments; 8 MiB would be 30,000.
MAX_LINE_BYTES = 8 * 1024 * 1024
_DELIMITERS = ",;\t|"
#: No JSON text may hold this byte, so that a line is one column, and a line with it is malformed.
_NO_DELIMITER = "\x01"
_BLOCK = 1024 * 1024
#: Malformed lines are kept aside by the reader itself, in table reject_errors. Its buffers would hold sixteen of the
#: longest lines, which takes 200 MB more and is slower.
_REJECTS = (
    f"store_rejects = true, max_line_size = {MAX_LINE_BYTES}, buffer_size = {2 * MAX_LINE_BYTES},"
    " auto_detect = false"
)


class UnreadableError(Exception):
    """The file as such cannot be read: the parts of a `Problem` but for the file."""

    def __init__(self, reason_code: str, found: str, expected: str) -> None:
        super().__init__(reason_code)
        self.parts = (reason_code, "$", "", found, expected, RESEND)

    def problem(self, file: str) -> Problem:
        return Problem(file, *self.parts)


def lines_wire(path: Path, fields: Fields) -> str:
    """JSON Lines: the number of a record is that of its line. Reads whatever there is."""
    lines = f"select row_number() over () as record_no, line from ({_lines(path)})"
    return _json_relation(f"select * from ({lines}) where regexp_matches(line, '\\S')", fields)


#: What `plain_lines_wire` fails with; the last where DuckDB's message shows a line that it cut within a character.
STOPS_FAST_READER = (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError)


def plain_lines_wire(path: Path, fields: Fields) -> str:
    """JSON Lines by DuckDB's own reader: twice as fast, for files that it reads to the end and that have a record in
    every line (`count_lines`). Then it gives what `lines_wire` does; on anything else than objects of texts and lists
    of objects, with a field that is known, it fails.
    """
    kinds = ", ".join(
        f"{literal(field)}: {literal('varchar' if parts is None else _list_type(parts))}"
        for field, parts in fields.items()
    )
    is_nothing = " and ".join(f"{name(field)} is null" for field in fields)
    return (
        "select row_number() over () as record_no, null::varchar as text,"
        f" case when {is_nothing} then error('no field known') else false end as is_malformed,"
        " null::varchar[] as bad_lists, null::varchar[] as twice, *"
        f" from read_ndjson({literal(str(path))}, columns = {{{kinds}}}, maximum_object_size = {MAX_LINE_BYTES})"
    )


def count_lines(path: Path) -> int:
    """Lines of a file; the last may have no end."""
    lines, last = 0, b"\n"
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            lines, last = lines + block.count(b"\n"), block[-1:]
    return lines + (last != b"\n")


def _lines(path: Path, ends: str = "new_line = '\\n'") -> str:
    return (
        f"select line from read_csv({literal(str(path))}, columns = {{'line': 'varchar'}},"
        f" delim = '{_NO_DELIMITER}', quote = '', escape = '', comment = '', header = false,"
        f" {ends}, {_REJECTS})"
    )


def envelope_wire(fields: Fields) -> str:
    """The entries of `data` of the one document in table `envelope`."""
    return _json_relation(
        "select record_no, element::varchar as line from (select unnest(body -> '$.data[*]') as element,"
        " generate_subscripts(body -> '$.data[*]', 1) as record_no from envelope)",
        fields,
    )


def csv_wire(path: Path, fields: Fields) -> str:
    """Comma-separated values with a header; also with semicolons, tabs or bars."""
    header, delimiter = _csv_header(path, fields)
    texts = {field: f"c{header.index(field)}" for field in fields if field in header}
    return _text_relation(_csv_rows(path, header, delimiter), fields, texts)


def quotes_sql(path: Path, fields: Fields) -> str:
    """A query: the first record with a value that takes in other records, and the lines that all records take.

    Such a value begins with the rest of its line, with the cells after it, and a later line in it has at least the
    cells before it, or one fewer, as the reader lets an empty cell too many pass. Its quote was opened by mistake
    and closed by another. A text of several lines has too few delimiters for that, or a blank after each, as prose
    does.
    """
    header, delimiter = _csv_header(path, fields)
    cells = [f"c{i}" for i in range(len(header))]
    d = literal(delimiter)
    # A file may be written with blanks throughout; then they tell nothing.
    is_no_prose = "true" if f"{delimiter} " in _first_line(path) else "regexp_matches({}, {})"
    swallows = " or ".join(
        f"(len({_split(cell)}) > 1 and len(string_split({_split(cell)}[1], {d})) >= {len(cells) - i}"
        f" and list_bool_or(list_transform({_split(cell)}[2:], lambda l: len(string_split(l, {d})) >= {i}))"
        f" and {is_no_prose.format(cell, literal(re.escape(delimiter) + '[^ ]'))})"
        for i, cell in enumerate(cells)
    )
    has_break = " or ".join(f"contains({cell}, chr(10)) or contains({cell}, chr(13))" for cell in cells)
    row = f" || {d} || ".join(f"coalesce({cell}, '')" for cell in cells)
    lines = f"len(list_filter({_split(row)}, lambda l: {_IS_COUNTED.format('l')}))"
    return (
        f"select min(case when {has_break} then case when {swallows} then record_no end end),"
        f" coalesce(sum(case when {has_break} then {lines} else 1 end), 0)::bigint"
        f" from ({_csv_rows(path, header, delimiter)})"
    )


def csv_lines_sql(path: Path) -> str:
    """A query: the lines of a CSV file with its header, as `quotes_sql` counts them, but for those it rejects."""
    # Not strict: lines may end in any way, as they do within values.
    return f"select count(*) from ({_lines(path, 'strict_mode = false')}) where {_IS_COUNTED.format('line')}"


#: A line with nothing but quotes closes a text, or is one of its empty lines; in values these quotes are gone.
_IS_COUNTED = """regexp_matches({}, '[^"]')"""


def _split(text: str) -> str:
    return f"string_split_regex({text}, '[\\r\\n]')"


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return stream.readline(MAX_LINE_BYTES)


def _csv_rows(path: Path, header: list[str], delimiter: str) -> str:
    columns = ", ".join(f"'c{i}': 'varchar'" for i in range(len(header)))
    return (
        f"select row_number() over () as record_no, * from read_csv({literal(str(path))},"
        f" columns = {{{columns}}}, delim = {literal(delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" header = true, {_REJECTS})"
    )


def parquet_wire(
    connection: duckdb.DuckDBPyConnection, path: Path, fields: Fields, mapping: SystemMapping
) -> str:
    """Nested Parquet: texts or whatever else can be turned into one. Checks size before reading."""
    scan = f"read_parquet({literal(str(path))}, file_row_number = true, binary_as_string = true)"
    described = connection.sql(f"from {scan} limit 0")
    types = dict(zip(described.columns, described.types, strict=True))
    found = connection.sql(f"select num_rows from parquet_file_metadata({literal(str(path))})").fetchone()
    rows, size = (found[0] if found else 0), path.stat().st_size
    if rows > size:  # each has a code of its own, so that it cannot take less than a byte
        raise UnreadableError("decompression_bomb", f"{rows} rows in {size} bytes", "at most one row a byte")
    _check_known(list(types), fields)
    texts, native = {}, {}
    for field, parts in fields.items():
        kind = types.get(field)
        if kind is None:
            continue
        column = name(field)
        if parts is None:
            texts[field] = _as_text(column, str(kind), mapping)
        elif str(kind) == "VARCHAR":
            texts[field] = column
        elif _holds(kind, parts):
            native[field] = column
        else:
            texts[field] = f"to_json({column})::varchar"
    return _text_relation(f"select file_row_number + 1 as record_no, * from {scan}", fields, texts, native)


def native_moment_format(mapping: SystemMapping) -> str:
    """How a moment that is none of text (Parquet, spreadsheets) is written so that the mapping reads it."""
    sign, minutes = "-" if mapping.zone_minutes < 0 else "+", abs(mapping.zone_minutes)
    offset = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    timed = [text for text in mapping.formats if "%S" in text and "%f" not in text]
    return (timed or ["%Y-%m-%dT%H:%M:%S"])[0].replace("%z", offset)


def _list_type(parts: list[str]) -> str:
    return f"struct({', '.join(f'{name(part)} varchar' for part in parts)})[]" if parts else "varchar[]"


def _json_relation(lines: str, fields: Fields) -> str:
    schema = json.dumps(
        {f: "VARCHAR" if p is None else [dict.fromkeys(p, "VARCHAR")] for f, p in fields.items()}
    )
    lists = [field for field, parts in fields.items() if parts is not None]
    columns = ", ".join(f"w.{name(field)} as {name(field)}" for field in fields)
    kinds, bad = "null", "null::varchar[]"
    if lists:
        # Looked up only where a list is missing, all at once.
        missing = " or ".join(f"w.{name(field)} is null" for field in lists)
        paths = ", ".join(literal(f'$."{field}"') for field in lists)
        kinds = f"case when w is not null and ({missing}) then json_extract(line, [{paths}]) end"
        tests = ", ".join(
            f"case when w.{name(f)} is null and json_type(kinds[{i}]) not in ('ARRAY', 'NULL')"
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


def _text_relation(
    rows: str, fields: Fields, texts: Mapping[str, str], native: Mapping[str, str] | None = None
) -> str:
    """Fields from expressions over `rows`: values and lists as (JSON) texts, or lists that are lists already."""
    columns, tests = [], []
    for field, parts in fields.items():
        if native and field in native:
            columns.append(f"{native[field]} as {name(field)}")
        elif parts is None:
            columns.append(f"{texts.get(field, 'null')}::varchar as {name(field)}")
        elif field not in texts:
            # Of a text that is always null, json_transform has no type.
            columns.append(f"null::{_list_type(parts)} as {name(field)}")
        else:
            schema = json.dumps([dict.fromkeys(parts, "VARCHAR")])
            text = texts[field]
            read = f"try(json_transform(nullif(trim({text}), ''), {literal(schema)}))"
            columns.append(f"{read} as {name(field)}")
            tests.append(
                f"case when trim({text}) not in ('', 'null') and {read} is null then {literal(field)} end"
            )
    bad = f"list_filter([{', '.join(tests)}], lambda b: b is not null)" if tests else "null::varchar[]"
    return (
        f"select record_no, null::varchar as text, false as is_malformed, {bad} as bad_lists,"
        f" null::varchar[] as twice, {', '.join(columns)} from ({rows})"
    )


def _csv_header(path: Path, fields: Fields) -> tuple[list[str], str]:
    line = _first_line(path)
    try:
        headers = [
            ([cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")], delimiter=d), [])], d)
            for d in _DELIMITERS
        ]
    except csv.Error:
        raise UnreadableError(
            "unknown_header", "no header within bounds", "columns in the first line"
        ) from None
    header, delimiter = max(headers, key=lambda found: len(set(found[0]) & set(fields)))
    _check_known(header, fields)
    twice = sorted({masked(cell) for cell in header if cell in fields and header.count(cell) > 1})
    if twice:
        raise UnreadableError(
            "duplicate_column", f"{', '.join(twice)} twice in the header", "each column once"
        )
    return header, delimiter


def _check_known(found: list[str], fields: Fields) -> None:
    if not set(found) & set(fields):
        raise UnreadableError("unknown_header", f"{len(found)} columns, none of them known",
                              f"columns such as {', '.join(list(fields)[:3])}")  # fmt: skip


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
        return f"strftime(timezone('UTC', {column}) + interval {mapping.zone_minutes} minute, {written})"
    if kind == "DATE" or kind.startswith("TIMESTAMP"):
        return f"strftime({column}::timestamp, {written})"
    return f"{column}::varchar"
