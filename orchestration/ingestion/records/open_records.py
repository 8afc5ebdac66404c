"""A landed file, opened so that its records can be read: unpacked, its header found, its columns matched with fields.

Here: what each format needs before a statement reads it. Not here: compression and disguise (`formats.open_file`), the
relation itself (`formats.wire`), and reading (`classify`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from orchestration.ingestion.formats.csv_file import CsvFile, csv_wire, open_csv
from orchestration.ingestion.formats.json_document import MAX_BYTES, read_json_object
from orchestration.ingestion.formats.json_lines import envelope_wire, plain_lines_wire
from orchestration.ingestion.formats.line_ends import count_lines, with_unix_line_ends
from orchestration.ingestion.formats.open_file import OpenedFile, open_landed
from orchestration.ingestion.formats.parquet_file import native_moment_format, parquet_columns, parquet_wire
from orchestration.ingestion.formats.wire import Wire
from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.columns import note_alike, note_missing
from orchestration.ingestion.records.reading import Reading, rows_in
from orchestration.ingestion.whose_fault import blaming

#: The beginning of a file, from which it is seen how lines end and keys are written: they do so all through it.
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True)
class OpenedRecords:
    """A landed file, as a plain one that waits to be read."""

    landed: LandedFile
    file: OpenedFile
    wire: Wire
    notes: tuple[Problem, ...]
    #: How many rows it has at most; as many as that, if it is of JSON Lines and can be read the fast way.
    rows_at_most: int
    #: Of CSV: its header and how it is delimited.
    csv: CsvFile | None = None


def open_records(reading: Reading, landed: LandedFile, same: LandedFile, folder: Path) -> OpenedRecords:
    """`same` is `landed`, held or copied. Raises UnreadableError where the file is at fault."""
    opened = open_landed(same, folder, reading.needs, native_moment_format(reading.mapping))
    with blaming(reading.connection, landed, opened.format):
        match opened.format:
            case "json":
                _take_envelope(reading, landed, opened.path)
                return _of_keys(reading, landed, opened)
            case "lines":
                if b"\r" in _head(opened.path):
                    opened = OpenedFile(with_unix_line_ends(opened.path), opened.format)
                return _of_keys(reading, landed, opened)
            case _:
                return _of_columns(reading, landed, opened)


def _of_keys(reading: Reading, landed: LandedFile, opened: OpenedFile) -> OpenedRecords:
    needs = reading.needs
    notes = note_alike(landed.relative_path, _head(opened.path), needs)
    is_document = opened.format == "json"  # read at once, so that it is never large
    wire = envelope_wire(needs.fields) if is_document else plain_lines_wire(needs.fields)
    return OpenedRecords(landed, opened, wire, tuple(notes), 0 if is_document else count_lines(opened.path))


def _of_columns(reading: Reading, landed: LandedFile, opened: OpenedFile) -> OpenedRecords:
    needs, connection, table = reading.needs, reading.connection, None
    if opened.format == "csv":
        table = open_csv(opened.path, needs)
        columns, wire, rows = table.columns, csv_wire(table, needs.fields), count_lines(opened.path)
        opened = replace(opened, path=table.path)
    else:
        columns = parquet_columns(connection, opened.path, needs)
        wire = parquet_wire(connection, opened.path, columns, needs.fields, reading.mapping)
        rows = rows_in(connection, opened.path)
    missing = [] if opened.is_from_book else note_missing(landed.relative_path, columns, needs)
    return OpenedRecords(landed, opened, wire, (*opened.notes, *missing), rows, table)


def _head(path: Path) -> bytes:
    with path.open("rb") as text:
        return text.read(_HEAD_BYTES)


def _take_envelope(reading: Reading, file: LandedFile, path: Path) -> None:
    """Put the document into table `envelope`, checked as a whole."""
    if path.stat().st_size > MAX_BYTES:
        raise UnreadableError("file_too_large", f"{path.stat().st_size} bytes",
                              f"at most {MAX_BYTES} bytes of JSON; more as JSON Lines")  # fmt: skip
    text = read_json_object(file.relative_path, path.read_bytes())
    if isinstance(text, Problem):
        raise _RefusedDocumentError(text)
    kind = reading.connection.execute("select json_type(?, '$.data')", [text]).fetchone()
    if kind != ("ARRAY",):
        raise UnreadableError(
            "missing_data", f"data: {str((kind or [None])[0]).lower()}", "a list of records"
        )
    reading.connection.execute("delete from envelope where filename = ?", [str(path)])
    reading.connection.execute("insert into envelope values (?, ?)", [str(path), text])


class _RefusedDocumentError(UnreadableError):
    """Of a document, the place in it is known."""

    def __init__(self, refused: Problem) -> None:
        super().__init__(refused.reason_code, refused.found, refused.expected, refused.action)
        self.refused = refused

    def problem(self, _: str) -> Problem:
        """What is wrong with it."""
        return self.refused
