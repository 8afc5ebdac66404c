"""From opened files to a relation of their fields, one row a record, as `row_query` reads it.

A relation is of one file, or of several that are alike: it then has a column `filename`, and `each_numbered` numbers
the records of each.

Here: what each format needs so that DuckDB reads it as texts and lists, and finds out by itself where it is
malformed. Not here: compression and disguise (`open_file`), and the meaning of any field.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.ingestion.formats.parquet_bounds import check_unpacked, declared_by
from orchestration.ingestion.problems import UnreadableError
from orchestration.ingestion.records.columns import (
    Columns,
    Fields,
    Wanted,
    find_columns,
    header_after,
    line_before_header,
    same,
)
from orchestration.ingestion.records.mapping import SystemMapping, column_of_field
from orchestration.ingestion.records.mapping_macros import in_zone
from orchestration.sql_text import identifier, literal

#: One record. The largest dossiers have some hundred attachments; 8 MiB would be 30,000.
MAX_LINE_BYTES = 8 * 1024 * 1024
_DELIMITERS = ",;\t|"
#: No JSON text may hold this byte, so that a line is one column, and a line with it is malformed.
_NO_DELIMITER = "\x01"
_BLOCK = 1024 * 1024
_MARK = b"\xef\xbb\xbf"
#: All the cells that rows of a sheet may have take more memory than there is, if they are read at once.
CELLS_AT_A_TIME = 2000
#: As much is looked at for a header at first.
_HEADER_BYTES = 256 * 1024
#: What lies before a header and is none: an empty line, one of empty cells, or the one that names the delimiter to Excel.
_NO_HEADER = re.compile(rb'(?:[ \t;,|"]*|"?[sS][eE][pP]=(?P<delimiter>[,;|\t])"?[ \t;,|]*)(?:\r\n|\n|\r)')
#: Malformed lines are kept apart by the reader itself, in table reject_errors. Its buffers would hold sixteen of the
#: longest lines, which takes 200 MB more and is slower.
_REJECTS = (
    f"store_rejects = true, max_line_size = {MAX_LINE_BYTES}, buffer_size = {2 * MAX_LINE_BYTES},"
    " auto_detect = false"
)


@dataclass(frozen=True)
class Wire:
    """How files become a relation of their fields. Those with an equal `kind` can be read together."""

    kind: str
    of: Callable[[Sequence[Path]], str]

    @classmethod
    def made(cls, of: Callable[[Sequence[Path]], str], *types: object) -> Wire:
        """Of files with columns of `types`, where their format has any."""
        return cls(" ".join([of([Path("of any")]), *map(str, types)]), of)


def each_numbered(wire: str) -> str:
    """The relation of several files, which has a column file_hash, each with records from 1.

    By content and not by name: rows then lie in the same order wherever the warehouse does.
    """
    number = "record_no - min(record_no) over (partition by file_hash) + 1"
    return f"select * replace ({number} as record_no) from ({wire})"


def _files(paths: Sequence[Path]) -> tuple[str, str, list[str]]:
    """What names `paths` to a function that reads files, the option that says of each row which it is of, and the
    columns that this gives."""
    listed = f"[{', '.join(literal(str(path)) for path in paths)}]"
    return (listed, ", filename = true", ["filename"]) if len(paths) > 1 else (listed, "", [])


def lines_wire(path: Path, fields: Fields) -> str:
    """JSON Lines: the number of a record is that of its line. Reads whatever there is."""
    lines = f"select row_number() over () as record_no, line from ({_lines(path)})"
    return _json_relation(f"select * from ({lines}) where regexp_matches(line, '\\S')", fields)


#: What `plain_lines_wire` fails with; the last where DuckDB's message shows a line that it cut within a character.
STOPS_FAST_READER = (duckdb.InvalidInputException, duckdb.ConversionException, UnicodeDecodeError)


def plain_lines_wire(fields: Fields) -> Wire:
    """JSON Lines by DuckDB's own reader: twice as fast, for files that it reads to the end and that have a record in
    every line (`count_lines`). Then it gives what `lines_wire` does; on anything else than objects of texts and lists
    of objects, with a field that is known, it fails.
    """
    kinds = ", ".join(
        f"{literal(field)}: {literal('varchar' if parts is None else _list_type(parts))}"
        for field, parts in fields.items()
    )
    is_nothing = " and ".join(f"{identifier(field)} is null" for field in fields)
    columns = [f"{identifier(field)} as {column}" for field, column in column_of_field(fields).items()]

    def wire(paths: Sequence[Path]) -> str:
        listed, naming, more = _files(paths)
        return (
            "select row_number() over () as record_no, null::varchar as text,"
            f" case when {is_nothing} then error('no field known') else false end as is_malformed,"
            f" null::varchar[] as bad_lists, null::varchar[] as twice, {', '.join([*columns, *more])}"
            f" from read_ndjson({listed}, columns = {{{kinds}}}, maximum_object_size = {MAX_LINE_BYTES}{naming})"
        )

    return Wire.made(wire)


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


def envelope_wire(fields: Fields) -> Wire:
    """The entries of `data` of documents in table `envelope`."""

    def wire(paths: Sequence[Path]) -> str:
        listed, _, more = _files(paths)
        return _json_relation(
            "select record_no, element::varchar as line, filename from (select unnest(body -> '$.data[*]') as element,"
            " generate_subscripts(body -> '$.data[*]', 1) as record_no, filename from envelope"
            f" where list_contains({listed}, filename))",
            fields,
            more,
        )

    return Wire.made(wire)


@dataclass(frozen=True)
class CsvFile:
    """A file of separated values as DuckDB reads it: header in one line, nothing before it, lines that end alike.

    `is_prose_like`: blanks follow the delimiters of its header, so that they tell nothing elsewhere.
    """

    path: Path
    delimiter: str
    columns: Columns
    is_prose_like: bool


def open_csv(path: Path, wanted: Wanted) -> CsvFile:
    """Find the header of `path`. A file that has something harmless before it (blank lines, `sep=;`, byte-order marks),
    a header of several lines, or lines that end in several ways, is copied without that, beside it.

    Raises UnreadableError without a header that can be read.
    """
    csv.field_size_limit(MAX_LINE_BYTES)
    with path.open("rb") as stream:
        data = stream.read(_HEADER_BYTES)
        head = _find_header(data, wanted)
        if head.end >= len(data):
            head = _find_header(data + stream.read(MAX_LINE_BYTES), wanted)
    is_mixed = _has_mixed_line_ends(path)
    if is_mixed or head.lines > 1 or head.start not in (0, len(_MARK)):
        path = _without_oddities(path, head, is_mixed=is_mixed)
    return CsvFile(path, head.delimiter, head.columns, f"{head.delimiter} " in head.text)


def csv_wire(file: CsvFile, fields: Fields) -> Wire:
    """Comma-separated values with a header, that of `file`; also with semicolons, tabs or bars."""
    texts = {field: f"c{place}" for field, place in file.columns.places.items()}

    def wire(paths: Sequence[Path]) -> str:
        _, _, more = _files(paths)
        return _text_relation(_csv_rows(file, paths, [*texts.values(), *more]), fields, texts, more=more)

    return Wire.made(wire)


def quotes_sql(file: CsvFile, paths: Sequence[Path]) -> Iterator[str]:
    """Queries, each about some of the columns: the first record with a value in them that takes in other records, and
    the lines that all records take; these are wrong where there is more than one query.

    Such a value begins with the rest of its line, with the cells after it, and a later line in it has at least the
    cells before it, or one fewer, as the reader lets an empty cell too many pass. Its quote was opened by mistake
    and closed by another. A text of several lines has too few delimiters for that, or a blank after each, as prose
    does.
    """
    cells = [f"c{place}" for place in range(len(file.columns.names))]
    for first in range(0, len(cells), CELLS_AT_A_TIME):
        yield _quotes_sql(file, paths, cells, first)


def _quotes_sql(file: CsvFile, paths: Sequence[Path], cells: Sequence[str], first: int) -> str:
    some = cells[first : first + CELLS_AT_A_TIME]
    d = literal(file.delimiter)
    is_no_prose = f"regexp_matches(cell, {literal(re.escape(file.delimiter) + '[^ ]')})"
    # Lists, not a chain of operators: files have thousands of columns, expressions must not be as deep.
    swallows = (
        f"list_bool_or(list_transform([{', '.join(some)}], lambda cell, i: len({_split('cell')}) > 1"
        f" and len(string_split({_split('cell')}[1], {d})) > {len(cells) - first} - i"
        f" and list_bool_or(list_transform({_split('cell')}[2:], lambda l: len(string_split(l, {d})) >= i - 1 + {first}))"
        f" and {'true' if file.is_prose_like else is_no_prose}))"
    )
    row = f"concat({f', {d}, '.join(some)})"
    has_break = f"(contains({row}, chr(10)) or contains({row}, chr(13)))"
    lines = f"len(list_filter({_split(row)}, lambda l: {_IS_COUNTED.format('l')}))"
    return (
        f"select min(case when {has_break} then case when {swallows} then record_no end end),"
        f" coalesce(sum(case when {has_break} then {lines} else 1 end), 0)::bigint"
        f" from ({_csv_rows(file, paths, some)})"
    )


def csv_lines_sql(path: Path) -> str:
    """A query: the lines of a CSV file with its header, as `quotes_sql` counts them, but for those it rejects."""
    # Not strict: lines may end in any way, as they do within values.
    return f"select count(*) from ({_lines(path, 'strict_mode = false')}) where {_IS_COUNTED.format('line')}"


#: A line with nothing but quotes closes a text, or is one of its empty lines; in values these quotes are gone.
_IS_COUNTED = """regexp_matches({}, '[^"]')"""


def _split(text: str) -> str:
    return f"string_split_regex({text}, '[\\r\\n]')"


def _csv_rows(file: CsvFile, paths: Sequence[Path], cells: Sequence[str]) -> str:
    columns = ", ".join(f"'c{place}': 'varchar'" for place in range(len(file.columns.names)))
    listed, naming, _ = _files(paths)
    return (
        f"select {', '.join(['row_number() over () as record_no', *cells])} from read_csv({listed},"
        f" columns = {{{columns}}}, delim = {literal(file.delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" header = true, {_REJECTS}{naming})"
    )


@dataclass(frozen=True)
class _Header:
    """Where the header lies in a file, in bytes; how many lines it takes; its text."""

    start: int
    end: int
    lines: int
    text: str
    delimiter: str
    columns: Columns


def _find_header(data: bytes, wanted: Wanted) -> _Header:
    start, before, delimiters = _after_preamble(data)
    # Whatever the bytes are, they give the same again.
    text = data[start:].decode("utf-8", "surrogateescape")
    known = {same(field) for field in wanted.fields}
    try:
        rows = [(next(csv.reader(io.StringIO(text, newline=""), delimiter=d), []), d) for d in delimiters]
        names, delimiter = max(rows, key=lambda row: len({same(name) for name in row[0]} & known))
        names = [name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") for name in names]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        next(reader, None)
        lines = reader.line_num
        columns = find_columns(names, wanted)
    except csv.Error:
        raise UnreadableError(
            "unknown_header", "no header within bounds", "names of columns in the first line"
        ) from None
    except UnreadableError as why:
        later = (_place_of_header(text, d, wanted) for d in delimiters)
        if (line := next((line for line in later if line is not None), None)) is not None:
            raise line_before_header(f"line {line + before}") from None
        raise why from None
    header = "".join(line for line, _ in zip(io.StringIO(text, newline=""), range(lines), strict=False))
    end = start + len(header.encode("utf-8", "surrogateescape"))
    return _Header(start, end, lines, header, delimiter, columns)


def _after_preamble(data: bytes) -> tuple[int, int, str]:
    """Where the first line with something in it begins, in bytes; the lines before it; the delimiters it may have."""
    start, lines, delimiters = 0, 0, _DELIMITERS
    while True:
        while data.startswith(_MARK, start):
            start += len(_MARK)
        match = _NO_HEADER.match(data, start)
        if match is None or match.end() == len(data):
            return start, lines, delimiters
        if match["delimiter"]:
            delimiters = match["delimiter"].decode("latin-1")
        start, lines = match.end(), lines + 1


def _place_of_header(text: str, delimiter: str, wanted: Wanted) -> int | None:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)

    def numbered() -> Iterator[tuple[int, list[str]]]:
        for row in reader:
            yield reader.line_num, row

    try:
        return header_after(numbered(), wanted)
    except csv.Error:
        return None


def _has_mixed_line_ends(path: Path) -> bool:
    """Whether lines end in CR LF, and breaks of another kind lie between them."""
    both = feeds = returns = 0
    held = b""
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            both += (held + block).count(b"\r\n")
            feeds, returns = feeds + block.count(b"\n"), returns + block.count(b"\r")
            held = b"\r" if block.endswith(b"\r") else b""
    return both > 0 and not both == feeds == returns


def _without_oddities(path: Path, head: _Header, *, is_mixed: bool) -> Path:
    """A copy with a header of our own, and lines that end alike."""
    body = path.with_name(f"{path.stem}-body.csv")
    names = head.delimiter.join(f"c{place}" for place in range(len(head.columns.names)))
    line_end = re.search("(\r\n|\n|\r)?$", head.text)
    with path.open("rb") as source, body.open("wb") as target:
        source.seek(head.end)
        target.write(names.encode() + ((line_end[0] if line_end else "") or "\n").encode())
        shutil.copyfileobj(source, target, _BLOCK)
    return with_unix_line_ends(body) if is_mixed else body


def with_unix_line_ends(path: Path) -> Path:
    """A copy of `path` without carriage returns before line feeds, which DuckDB takes only unmixed."""
    target = path.with_name(f"{path.stem}-unix{path.suffix}")
    with path.open("rb") as source, target.open("wb") as out:
        held = b""
        while block := source.read(_BLOCK):
            data = held + block
            held = b"\r" if data.endswith(b"\r") else b""
            out.write(data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b" "))
    return target


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
        _, _, more = _files(paths)
        rows = f"select {', '.join([*read, *more])} from {_parquet(*paths)}"
        return _text_relation(rows, fields, texts, native, more)

    # DuckDB would turn what a file holds into the types of the first.
    return Wire.made(wire, *types)


def _parquet(*paths: Path) -> str:
    listed, naming, _ = _files(paths)
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


def _list_type(parts: list[str]) -> str:
    return f"struct({', '.join(f'{identifier(part)} varchar' for part in parts)})[]" if parts else "varchar[]"


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


def _text_relation(
    rows: str,
    fields: Fields,
    texts: Mapping[str, str],
    native: Mapping[str, str] | None = None,
    more: Sequence[str] = (),
) -> str:
    """Fields from expressions over `rows`: values and lists as (JSON) texts, or lists that are lists already."""
    columns, tests = list(more), []
    names = column_of_field(fields)
    for field, parts in fields.items():
        if native and field in native:
            columns.append(f"{native[field]} as {names[field]}")
        elif parts is None:
            columns.append(f"{texts.get(field, 'null')}::varchar as {names[field]}")
        elif field not in texts:
            # Of a text that is always null, json_transform has no type.
            columns.append(f"null::{_list_type(parts)} as {names[field]}")
        else:
            schema = json.dumps([dict.fromkeys(parts, "VARCHAR")])
            text = texts[field]
            read = f"try(json_transform(nullif(trim({text}), ''), {literal(schema)}))"
            columns.append(f"{read} as {names[field]}")
            tests.append(
                f"case when trim({text}) not in ('', 'null') and {read} is null then {literal(field)} end"
            )
    bad = f"list_filter([{', '.join(tests)}], lambda b: b is not null)" if tests else "null::varchar[]"
    return (
        f"select record_no, null::varchar as text, false as is_malformed, {bad} as bad_lists,"
        f" null::varchar[] as twice, {', '.join(columns)} from ({rows})"
    )


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
