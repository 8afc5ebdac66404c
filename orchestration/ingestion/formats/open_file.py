"""From a landed file to a plain one that DuckDB can read under a name of our own, within stated limits.

Here: which format a file claims, whether its first bytes agree, unpacking. Not here: sheets (`workbook`), and what the
records say (`wire`, `row_query`).
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchestration.ingestion.formats.workbook import book_as_csv, check_book
from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.columns import Wanted

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
    "xlsm": "xlsx",
}
_HEAD, _BLOCK = 64 * 1024, 1024 * 1024
#: What people send besides, by name.
_NAMED = {
    "xls": "an old Excel workbook (.xls)",
    "xlsb": "a binary workbook (.xlsb)",
    "ods": "an OpenDocument sheet (.ods)",
    "zip": "an archive (.zip)",
    "rar": "an archive (.rar)",
    "7z": "an archive (.7z)",
    "doc": "a document (.doc)",
    "docx": "a document (.docx)",
    "pdf": "a document (.pdf)",
    "xml": "XML",
    "txt": "a text without a format (.txt)",
}


@dataclass(frozen=True)
class OpenedFile:
    """A plain file below the working folder, and how to read it: json, lines, csv or parquet."""

    path: Path
    format: str
    #: Whether it was a workbook, and what was not read of it. Its columns are fields, and it is quoted as it should be.
    is_from_book: bool = False
    notes: tuple[Problem, ...] = ()


def open_landed(file: LandedFile, work: Path, wanted: Wanted, native_moments: str) -> OpenedFile:
    """Unpack, or link to, `file` in folder `work`. Raises UnreadableError with what is wrong with it as a file, and
    OSError where `work` cannot be written.

    The landed name never reaches DuckDB, which would read `*` and `[` in it. `wanted` and `native_moments`, how moments
    are written (strftime), are for workbooks. `file` is one that is held (`landing`).
    """
    stem, _, last = file.name.lower().rpartition(".")
    is_gzip = last == "gz"
    kind = FORMATS.get(stem.rpartition(".")[2] if is_gzip else last)
    if kind is None or (is_gzip and kind in ("parquet", "xlsx")):
        raise UnreadableError("unknown_format", _NAMED.get(last, "a name that ends otherwise"),
                              f"one of .{', .'.join(FORMATS)}, the texts also with .gz")  # fmt: skip
    if file.size_bytes == 0:
        raise UnreadableError("empty_file", "0 bytes", "records")
    work.mkdir(parents=True, exist_ok=True)
    path = work / f"{file.sha256}.{kind}"
    path.unlink(missing_ok=True)
    if is_gzip:
        _gunzip(file, path)
    else:
        path.symlink_to(file.path)
    if kind == "xlsx":
        check_book(path)
        _check_unpacked(path)
        target = path.with_suffix(".csv")
        notes = book_as_csv(file.relative_path, path, target, wanted, native_moments)
        return OpenedFile(target, "csv", True, notes)
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


def _check_unpacked(book: Path) -> None:
    """Of a workbook that `check_book` has let pass."""
    with zipfile.ZipFile(book) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    _check_size(unpacked, book.stat().st_size, MAX_SHEET_BYTES)


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
