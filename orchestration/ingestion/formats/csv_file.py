"""CSV as a relation of its fields: where its header is, how it is delimited, and whether its quotes are balanced.

Here: what DuckDB must be told of a file that people wrote. Not here: which column is which field (`records.columns`).
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestration.ingestion.formats.json_lines import lines_of
from orchestration.ingestion.formats.line_ends import (
    BLOCK,
    has_mixed_line_ends,
    with_unix_line_ends,
)
from orchestration.ingestion.formats.wire import (
    MAX_LINE_BYTES,
    REJECTS,
    Wire,
    listed_files,
    text_relation,
)
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
from orchestration.sql_text import literal

_DELIMITERS = ",;\t|"
_MARK = b"\xef\xbb\xbf"
#: All the cells that rows of a sheet may have take more memory than there is, if they are read at once.
CELLS_AT_A_TIME = 2000
#: As much is looked at for a header at first.
_HEADER_BYTES = 256 * 1024
#: What lies before a header and is none: an empty line, one of empty cells, or the one that names the delimiter to Excel.
_NO_HEADER = re.compile(rb'(?:[ \t;,|"]*|"?[sS][eE][pP]=(?P<delimiter>[,;|\t])"?[ \t;,|]*)(?:\r\n|\n|\r)')


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
    is_mixed = has_mixed_line_ends(path)
    if is_mixed or head.lines > 1 or head.start not in (0, len(_MARK)):
        path = _without_oddities(path, head, is_mixed=is_mixed)
    return CsvFile(path, head.delimiter, head.columns, f"{head.delimiter} " in head.text)


def csv_wire(file: CsvFile, fields: Fields) -> Wire:
    """Comma-separated values with a header, that of `file`; also with semicolons, tabs or bars."""
    texts = {field: f"c{place}" for field, place in file.columns.places.items()}

    def wire(paths: Sequence[Path]) -> str:
        _, _, more = listed_files(paths)
        return text_relation(_csv_rows(file, paths, [*texts.values(), *more]), fields, texts, more=more)

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
    return (
        f"select count(*) from ({lines_of(path, 'strict_mode = false')}) where {_IS_COUNTED.format('line')}"
    )


#: A line with nothing but quotes closes a text, or is one of its empty lines; in values these quotes are gone.
_IS_COUNTED = """regexp_matches({}, '[^"]')"""


def _split(text: str) -> str:
    return f"string_split_regex({text}, '[\\r\\n]')"


def _csv_rows(file: CsvFile, paths: Sequence[Path], cells: Sequence[str]) -> str:
    columns = ", ".join(f"'c{place}': 'varchar'" for place in range(len(file.columns.names)))
    listed, naming, _ = listed_files(paths)
    return (
        f"select {', '.join(['row_number() over () as record_no', *cells])} from read_csv({listed},"
        f" columns = {{{columns}}}, delim = {literal(file.delimiter)}, quote = '\"', escape = '\"', comment = '',"
        f" header = true, {REJECTS}{naming})"
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


def _without_oddities(path: Path, head: _Header, *, is_mixed: bool) -> Path:
    """A copy with a header of our own, and lines that end alike."""
    body = path.with_name(f"{path.stem}-body.csv")
    names = head.delimiter.join(f"c{place}" for place in range(len(head.columns.names)))
    line_end = re.search("(\r\n|\n|\r)?$", head.text)
    with path.open("rb") as source, body.open("wb") as target:
        source.seek(head.end)
        target.write(names.encode() + ((line_end[0] if line_end else "") or "\n").encode())
        shutil.copyfileobj(source, target, BLOCK)
    return with_unix_line_ends(body) if is_mixed else body
