"""From a landed file to a plain one that DuckDB can read under a name of our own, within stated limits.

Here: which format a file claims, whether its first bytes agree, unpacking, spreadsheets. Not here: what the
records say (`readers`, `mapping_sql`).
"""

from __future__ import annotations

import csv
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from orchestration.ingest.landing import LandedFile
from orchestration.ingest.readers import UnreadableError

#: What may come out of one file, and how much larger than the file it may be once it is no longer small.
#: The nation's dossiers of a month are 4 GB as JSON Lines; exports of dossiers shrink to a tenth or so.
MAX_UNPACKED_BYTES = 32 * 1024**3
MAX_RATIO = 100
SMALL_BYTES = 64 * 1024**2
#: A sheet ends at 1,048,576 rows; its XML is larger than what it says.
MAX_SHEET_BYTES = 4 * 1024**3

FORMATS = {
    "json": "json",
    "jsonl": "lines",
    "ndjson": "lines",
    "csv": "csv",
    "parquet": "parquet",
    "xlsx": "xlsx",
}
_HEAD, _BLOCK = 64 * 1024, 1024 * 1024
_BAD_SHEET = (zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, IndexError,
              AttributeError, EOFError, NotImplementedError)  # fmt: skip


@dataclass(frozen=True)
class OpenedFile:
    """A plain file below the working folder, and how to read it: json, lines, csv or parquet."""

    path: Path
    format: str


def open_landed(file: LandedFile, work: Path, native_moments: str) -> OpenedFile:
    """Unpack, or link to, `file` in folder `work`. Raises UnreadableError with what is wrong with it as a file, and
    OSError where `work` cannot be written.

    The landed name never reaches DuckDB, which would read `*` and `[` in it. `native_moments` is how moments
    of a spreadsheet are written (strftime).
    """
    try:
        file.path.open("rb").close()
    except OSError as error:
        found = (error.strerror or type(error).__name__).lower()
        reason = "vanished_file" if isinstance(error, FileNotFoundError) else "unreadable_file"
        raise UnreadableError(reason, found, "a file that can be read") from None
    return _open(file, work, native_moments)


def check_size(file: LandedFile) -> None:
    """Raises UnreadableError where the file is no longer what was scanned: one that grows must not be read in part."""
    if file.path.stat().st_size != file.size_bytes:
        raise UnreadableError("changed_while_reading", "another size than a moment before",
                              "a file that is complete when it is landed")  # fmt: skip


def with_unix_line_ends(path: Path) -> Path:
    """A copy of `path` without carriage returns before line feeds, which DuckDB takes only unmixed."""
    target = path.with_name(f"unix-{path.name}")
    with path.open("rb") as source, target.open("wb") as out:
        held = b""
        for block in _blocks(source):
            data = held + block
            held = b"\r" if data.endswith(b"\r") else b""
            out.write(data[: len(data) - len(held)].replace(b"\r\n", b"\n").replace(b"\r", b" "))
    return target


def _open(file: LandedFile, work: Path, native_moments: str) -> OpenedFile:
    stem, _, last = file.name.lower().rpartition(".")
    is_gzip = last == "gz"
    kind = FORMATS.get(stem.rpartition(".")[2] if is_gzip else last)
    if kind is None or (is_gzip and kind in ("parquet", "xlsx")):
        raise UnreadableError("unknown_format", "a name that ends otherwise",
                              f"one of .{', .'.join(FORMATS)}, the texts also with .gz")  # fmt: skip
    if file.size_bytes == 0:
        raise UnreadableError("empty_file", "0 bytes", "records")
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{file.sha256}.{kind}"
    path.unlink(missing_ok=True)
    if is_gzip:
        _gunzip(file, path)
    else:
        path.symlink_to(file.path.resolve())
    check_size(file)
    if kind == "xlsx":
        return OpenedFile(_sheet_as_csv(path, native_moments), "csv")
    if kind == "parquet":
        _check_parquet(path)
    else:
        _check_text(path, kind)
    return OpenedFile(path, kind)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    while block := stream.read(_BLOCK):
        yield block


def _gunzip(file: LandedFile, target: Path) -> None:
    written = 0
    try:
        with gzip.open(file.path, "rb") as packed, target.open("wb") as out:
            for block in _blocks(packed):  # type: ignore[arg-type]  # GzipFile reads as BinaryIO does
                written += len(block)
                _check_size(written, file.size_bytes, MAX_UNPACKED_BYTES)
                out.write(block)
    except EOFError:
        raise UnreadableError("truncated_gzip", "the end of the file too early", "a whole archive") from None
    except (gzip.BadGzipFile, zlib.error):
        raise UnreadableError("malformed_gzip", "something else or a damaged archive", "gzip") from None


def _check_size(unpacked: int, packed: int, limit: int) -> None:
    if unpacked > limit or (unpacked > SMALL_BYTES and unpacked > packed * MAX_RATIO):
        raise UnreadableError("decompression_bomb", f"{unpacked} bytes and more in {packed} bytes",
                              f"at most {limit} bytes, and at most {MAX_RATIO} times the packed size")  # fmt: skip


def _check_parquet(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4)
        stream.seek(-min(path.stat().st_size, 4), 2)
        if (head, stream.read(4)) != (b"PAR1", b"PAR1"):
            raise UnreadableError("malformed_parquet", "no Parquet, or half of one", "a whole Parquet file")


def _check_text(path: Path, kind: str) -> None:
    """What the first bytes tell. A JSON document is looked at as a whole by `json_document` later."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    expected = f"{'comma-separated values' if kind == 'csv' else 'JSON'} in UTF-8"
    if not head.removeprefix(b"\xef\xbb\xbf").strip() and len(head) < _HEAD:
        raise UnreadableError("empty_file", "nothing but blanks", "records")
    if head.startswith((b"\x1f\x8b", b"PK\x03\x04", b"PAR1")):
        raise UnreadableError("compressed_file", "another format than the name says", expected)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[:200].count(b"\0") > len(head[:200]) // 4:
        raise UnreadableError("not_utf8", "UTF-16 or UTF-32", expected)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        raise UnreadableError("html_instead_of_json", "markup (HTML or XML)", expected)
    if kind != "json":
        lines = head.split(b"\n")[:-1] or [head]
        foreign = sum(1 for line in lines if _is_foreign(line))
        if foreign * 2 > len(lines):  # else single lines are refused, not the file
            raise UnreadableError("not_utf8", "another encoding (Windows-1258?)", expected)


def _is_foreign(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


def _sheet_as_csv(path: Path, native_moments: str) -> Path:
    """The first sheet as CSV. Formulas stay the text that they are: nothing is ever calculated."""
    import openpyxl

    target = path.with_suffix(".csv")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(part.file_size for part in archive.infolist())
        _check_size(unpacked, path.stat().st_size, MAX_SHEET_BYTES)
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        with target.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
            width = 0
            for row in book.worksheets[0].iter_rows(values_only=True):
                cells = [_cell(value, native_moments) for value in row]
                width = width or len(cells)
                if any(cells):
                    writer.writerow((cells + [""] * width)[:width])
        book.close()
    except _BAD_SHEET as error:
        raise UnreadableError("malformed_xlsx", type(error).__name__, "a workbook with one sheet") from None
    if target.stat().st_size == 0:
        raise UnreadableError("empty_file", "an empty sheet", "records")
    return target


def _cell(value: Any, native_moments: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.strftime(native_moments)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day).strftime(native_moments)
    return str(value).replace("\r", " ")
