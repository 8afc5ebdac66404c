"""From a workbook (.xlsx, .xlsm) to CSV with the fields of a mapping, row by row as the sheets lie in the file.

Here: which sheets are read and which are only named, how a cell becomes a text, and what is no workbook that can be
read. Nothing is ever calculated: a formula is the value that was stored with it. Not here: what the values mean.

The rows come from openpyxl's own parser of sheets, not from `iter_rows`, which believes the sheet's dimension and fills
the gaps before a cell at the far end (17 billion of them).
"""

from __future__ import annotations

import csv
import lzma
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from orchestration.ingestion.personal import masked
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.columns import (
    Columns,
    Wanted,
    find_columns,
    header_after,
    line_before_header,
    note_missing,
)

Row = Mapping[int, Any]
"""Place of the column, from 0 -> value, of cells that hold something."""

#: What openpyxl and the libraries below it raise on content: lookups, conversions, arithmetic, damaged archives.
_BAD_BOOK = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ParseError, LookupError, ValueError, TypeError,
             AttributeError, EOFError, RuntimeError, ArithmeticError, AssertionError, OSError)  # fmt: skip
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
#: A float shows no more digits in a sheet, and has no more that can be trusted.
_DIGITS = 15
_DAYS_FROM_1900_TO_1904 = 1462
_AN_XLSX = "a workbook saved as .xlsx without a password"
_DAMAGED = "malformed_xlsx"


@dataclass(frozen=True)
class _Sheet:
    """`head`: its first row that holds something, `columns`: the fields in it, or what is wrong with it as a header."""

    title: str
    is_visible: bool
    raw: Any
    head: tuple[int, Row] | None
    columns: Columns | UnreadableError | None

    def shown(self) -> str:
        return f"sheet {masked(self.title)!r}"


class _Uncalculated:
    """A formula without a value: no program with a calculator has saved the file."""


def book_as_csv(
    file: str, path: Path, target: Path, wanted: Wanted, native_moments: str
) -> tuple[Problem, ...]:
    """Write the rows of all visible sheets that have the columns of `wanted` to `target`, a CSV of its fields.

    `native_moments` is how cells that are moments are written (strftime), to the second: a serial number is no finer.
    Gives notes on sheets and columns that were not read; `file` names the file in them. Raises UnreadableError for a
    damaged workbook, and OSError where `target` cannot be written. Needs `check_book`.
    """
    with _reading():
        import openpyxl

        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    sheets = [_look_at(sheet, wanted) for sheet in book.worksheets]
    chosen = [sheet for sheet in sheets if sheet.is_visible and isinstance(sheet.columns, Columns)]
    if not chosen:
        raise _no_sheet(sheets)
    notes = [_not_read(file, sheet) for sheet in sheets if sheet not in chosen and sheet.head is not None]
    fields = [field for field in wanted.fields if any(field in _columns(sheet).places for sheet in chosen)]
    late = _DAYS_FROM_1900_TO_1904 if book.epoch.year == 1904 else 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerow(fields)
        for sheet in chosen:
            cells = _Cells(sheet, fields, wanted.moments, native_moments, late)
            writer.writerows(cells.rows())
            notes += [*note_missing(file, _columns(sheet), wanted), *cells.notes(file)]
    book.close()
    return tuple(dict.fromkeys(notes))


def check_book(path: Path) -> None:
    """Raises UnreadableError for what is no workbook in Office Open XML, or an encrypted one, by name of what it is."""
    with path.open("rb") as stream:
        head = stream.read(len(_OLE))
        rest = stream.read(64 * 1024 * 1024) if head == _OLE else b""
    if head == _OLE:
        if "EncryptedPackage".encode("utf-16-le") in rest:
            raise UnreadableError("encrypted_workbook", "a workbook that needs a password", _AN_XLSX)
        raise UnreadableError("unknown_format", "an old Excel workbook (.xls) under another name", _AN_XLSX)
    if head.startswith((b"\x09\x08", b"\x09\x04", b"\x09\x02")):
        raise UnreadableError("unknown_format", "an old Excel workbook (.xls) under another name", _AN_XLSX)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise UnreadableError(
            "html_instead_of_workbook", "markup (HTML or XML) under the name of a workbook", _AN_XLSX
        )
    if not head.startswith(b"PK"):
        raise UnreadableError(_DAMAGED, "no workbook, or a damaged one", _AN_XLSX)
    with _reading(), zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        names = {part.filename for part in parts}
        if "mimetype" in names:
            raise UnreadableError(
                "unknown_format", "an OpenDocument file (.ods) under another name", _AN_XLSX
            )
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableError("encrypted_workbook", "a workbook of which parts are encrypted", _AN_XLSX)
    if "xl/workbook.bin" in names:
        raise UnreadableError("unknown_format", "a binary workbook (.xlsb) under another name", _AN_XLSX)


@contextmanager
def _reading() -> Iterator[None]:
    """What the libraries raise in here is about the content: nothing of ours is written."""
    try:
        yield
    except UnreadableError:
        raise
    except _BAD_BOOK as error:
        found = f"something at which its reader gives up ({type(error).__module__}.{type(error).__name__})"
        raise UnreadableError(_DAMAGED, found.replace("builtins.", ""), "a whole workbook") from None


def _look_at(raw: Any, wanted: Wanted) -> _Sheet:
    rows = _rows(raw)
    head = next(rows, None)
    columns: Columns | UnreadableError | None = None
    if head is not None:
        names = _names(head[1])
        try:
            columns = find_columns(names, wanted)
        except UnreadableError as why:
            later = header_after(((number, _names(row)) for number, row in chain([head], rows)), wanted)
            columns = why if later is None else line_before_header(f"row {later}")
    rows.close()
    return _Sheet(raw.title, raw.sheet_state == "visible", raw, head, columns)


def _names(row: Row) -> list[str]:
    return [str(row.get(place, "")) for place in range(max(row) + 1)]


def _columns(sheet: _Sheet) -> Columns:
    assert isinstance(sheet.columns, Columns)
    return sheet.columns


def _no_sheet(sheets: Sequence[_Sheet]) -> UnreadableError:
    """Why none can be read: what is wrong with the first that people see, of those that hold something."""
    filled = [sheet for sheet in sheets if sheet.head is not None]
    seen = [sheet for sheet in filled if sheet.is_visible]
    if not filled:
        return UnreadableError("empty_file", "no sheet with a value", "records")
    if not seen:
        return UnreadableError(
            "unknown_header", "values in hidden sheets only", "a visible sheet with records"
        )
    sheet = next((s for s in seen if _reason(s) != "unknown_header"), seen[0])
    assert isinstance(sheet.columns, UnreadableError)
    reason, _, _, found, expected, _ = sheet.columns.parts
    return UnreadableError(reason, f"{sheet.shown()}: {found}", expected)


def _reason(sheet: _Sheet) -> str:
    return sheet.columns.parts[0] if isinstance(sheet.columns, UnreadableError) else ""


def _not_read(file: str, sheet: _Sheet) -> Problem:
    if isinstance(sheet.columns, Columns):
        found = f"a hidden {sheet.shown()} with the columns of records, which was not read"
    else:
        seen = "a" if sheet.is_visible else "a hidden"
        found = f"{seen} {sheet.shown()} without their columns, which was not read"
    return Problem(file, "sheet_not_read", "$", "", found, "records in visible sheets, each with its header in the first"
                   " row", "land a workbook that shows the sheet, if it holds records")  # fmt: skip


class _Cells:
    """The rows of one sheet as texts, and what was odd in it."""

    def __init__(
        self, sheet: _Sheet, fields: Sequence[str], moments: frozenset[str], native_moments: str, late: int
    ) -> None:
        self.sheet, self.native_moments, self.late = sheet, native_moments, late
        columns = _columns(sheet)
        self.places = [(columns.places.get(field), field in moments) for field in fields]
        self.named = {place for place, name in enumerate(columns.names) if name.strip()}
        self.beyond: list[int] = []

    def rows(self) -> Iterator[list[str]]:
        """Below the header, without empty rows."""
        assert self.sheet.head is not None
        header = self.sheet.head[0]
        for number, row in _rows(self.sheet.raw):
            if number <= header:
                continue
            if self.named.isdisjoint(row):
                self.beyond.append(number)
                continue
            yield [
                "" if place is None or place not in row else self._text(row[place], number, is_moment)
                for place, is_moment in self.places
            ]

    def notes(self, file: str) -> list[Problem]:
        if not self.beyond:
            return []
        rows = f"{len(self.beyond)} rows, first in row {self.beyond[0]}"
        found = f"{self.sheet.shown()}: values outside all columns in {rows}"
        return [Problem(file, "value_outside_columns", "$", "", found, "each value below the name of its column",
                        "look at the sheet; the values were not read")]  # fmt: skip

    def _text(self, value: Any, number: int, is_moment: bool) -> str:
        if isinstance(value, _Uncalculated):
            raise UnreadableError("formula_without_value", f"{self.sheet.shown()}, row {number}: a formula without a"
                                  " value", "a workbook that Excel has calculated and saved")  # fmt: skip
        if is_moment and self.late and isinstance(value, int | float) and not isinstance(value, bool):
            value += self.late
        return _as_text(value, self.native_moments)


def _as_text(value: Any, native_moments: str) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 10**_DIGITS else f"{value:.{_DIGITS}g}"
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, datetime):
        return (value + timedelta(microseconds=500_000)).replace(microsecond=0).strftime(native_moments)
    return str(value).replace("\r", " ")


def _rows(raw: Any) -> Generator[tuple[int, Row], None, None]:
    """The rows of a sheet that hold something, with their numbers from 1, whatever the sheet says of its size."""
    with _reading():
        from openpyxl.worksheet._reader import FORMULA_TAG, VALUE_TAG, WorkSheetParser

        class Parser(WorkSheetParser):  # type: ignore[misc]  # openpyxl has no types
            def parse_cell(self, element: Any) -> Any:
                cell = super().parse_cell(element)
                if (
                    cell["value"] is None
                    and element.get("t") != "str"  # a text that was calculated to nothing
                    and element.find(FORMULA_TAG) is not None
                    and not element.findtext(VALUE_TAG)
                ):
                    cell["value"] = _Uncalculated()
                return cell

        book = raw.parent
        source = raw._get_source()
        with source:
            parser = Parser(source, raw._shared_strings, data_only=True, epoch=book.epoch,
                            date_formats=book._date_formats, timedelta_formats=book._timedelta_formats)  # fmt: skip
            for number, cells in parser.parse():
                row = {cell["column"] - 1: cell["value"] for cell in cells if _holds_something(cell["value"])}
                if row:
                    yield number, row


def _holds_something(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and not value.strip())
