"""What a Parquet file says of itself, before anything of it is read: what it would come to must be in proportion.

Footer and page headers are uncompressed Thrift (compact protocol). Readers believe them: a list of a billion elements, a
page of two billion bytes or a row group of a billion rows takes memory and hours before it turns out that nothing is
there. Here: those numbers, read without believing any, and their bounds. Not here: the values (DuckDB's reader), and how
long the texts are that a dictionary repeats (`parquet_file`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from orchestration.ingestion.problems import UnreadableError

#: A row group of a column takes a hundred bytes or two: 25 million rows by 60 columns come to a megabyte or two.
MAX_FOOTER_BYTES = 32 * 1024**2
#: A list of structs is four levels deep.
MAX_DEPTH = 16
#: Writers fill a page to a megabyte; DuckDB, at most, with the texts of a row group.
MAX_PAGE_BYTES = 512 * 1024**2
#: What pages may come to, and what texts: more than what is packed as a whole may, as columns of one value take nothing.
MAX_RATIO, SMALL_BYTES = 1000, 64 * 1024**2
#: Of each column, so many values are nothing in any file.
FEW_VALUES = 100_000
#: A group of rows takes two milliseconds, however few it has: twenty seconds. Writers fill them with 50,000 rows and
#: more, and those that append make one each time; the format itself numbers 32,767 at the most.
MAX_GROUPS = 10_000
_MAX_HEADER_BYTES = 64 * 1024
_MARK = b"PAR1"
_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_NUMBERS = (_I16, _I32, _I64)
#: Types, of any and of one length, and encodings of a page.
_TEXTS, _OF_DICTIONARY, _OF_PREFIXES = (6, 7), (2, 8), 7
#: Texts that are said by how much of the one before they repeat are made for a page at once. Parquet-Java ends a page
#: after 20,000 values or a megabyte: 20 GB at the very most, if each repeated all of it.
MAX_PREFIXES_BYTES = 32 * 1024**3
_NAME_BYTES = 4096
Struct = Mapping[int, Any]
"""Field id -> number, bytes, list or struct; what is not needed is left out."""


@dataclass(frozen=True)
class Declared:
    """What a file says of itself. `repeated` are the names of the columns whose texts, said once and repeated, may come
    to more than the file should.
    """

    rows: int
    repeated: frozenset[str]


class _DamagedError(Exception):
    """Something that is no Thrift, or contradicts itself."""


class _Reader:
    """Compact Thrift in memory. Never goes deeper, or takes more elements, than there are bytes for."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def number(self) -> int:
        value = shift = 0
        while True:
            if self.place >= len(self.data) or shift > 63:
                raise _DamagedError
            byte = self.data[self.place]
            self.place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self) -> int:
        value = self.number()
        return (value >> 1) ^ -(value & 1)

    def skip(self, size: int) -> None:
        self.place += size
        if self.place > len(self.data):
            raise _DamagedError

    def struct(self, depth: int = 0) -> Struct:
        fields: dict[int, Any] = {}
        field = 0
        while True:
            head = self.data[self.place] if self.place < len(self.data) else None
            if head is None:
                raise _DamagedError
            self.place += 1
            if head == 0:
                return fields
            field = field + (head >> 4) if head >> 4 else self.signed()
            kind = head & 15
            fields[field] = kind == _TRUE if kind in (_TRUE, _FALSE) else self.value(kind, depth + 1)

    def value(self, kind: int, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise _DamagedError
        if kind in _NUMBERS:
            return self.signed()
        if kind == _BINARY:
            size = self.number()
            start = self.place
            self.skip(size)
            return self.data[start : self.place] if size <= _NAME_BYTES else b""
        if kind in (_LIST, _SET):
            return self.list(depth)
        if kind == _STRUCT:
            return self.struct(depth)
        if kind == _MAP:
            return self.map(depth)
        self.skip({_TRUE: 1, _FALSE: 1, _BYTE: 1, _DOUBLE: 8}.get(kind, len(self.data)))
        return None

    def list(self, depth: int) -> list[Any]:
        if self.place >= len(self.data):
            raise _DamagedError
        head = self.data[self.place]
        self.place += 1
        size = head >> 4 if head >> 4 < 15 else self.number()
        if size > len(self.data) - self.place:  # each takes a byte at least
            raise _DamagedError
        return [self.value(head & 15, depth + 1) for _ in range(size)]

    def map(self, depth: int) -> None:
        size = self.number()
        if size > len(self.data) - self.place:
            raise _DamagedError
        if size:
            kinds = self.data[self.place]
            self.skip(1)
            for _ in range(size):
                self.value(kinds >> 4, depth + 1)
                self.value(kinds & 15, depth + 1)


def declared_by(path: Path) -> Declared:
    """What the file at `path` says of itself, checked against its size. Raises UnreadableError."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        try:
            return _Declared(stream, size).all()
        except (_DamagedError, KeyError, TypeError, AttributeError, IndexError):
            raise UnreadableError("malformed_parquet", "a footer or pages that contradict themselves",
                                  "a whole Parquet file") from None  # fmt: skip


def bomb(found: str, expected: str) -> UnreadableError:
    """What is wrong with a file that would come to more than it can hold."""
    return UnreadableError("decompression_bomb", found, expected)


def most_bytes(packed: int) -> int:
    """What a file of `packed` bytes may come to."""
    return max(SMALL_BYTES, packed * MAX_RATIO)


def check_unpacked(unpacked: int, packed: int) -> None:
    """Raises UnreadableError where a file of `packed` bytes comes to too many."""
    if unpacked > most_bytes(packed):
        raise bomb(f"{unpacked} bytes in {packed} bytes", f"at most {MAX_RATIO} times the size of the file")


class _Declared:
    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream, self.size = stream, size

    def all(self) -> Declared:
        footer = self._footer()
        flat = _check_schema(footer[2])
        rows, groups = footer[3], footer.get(4, [])
        if rows < 0 or any(group[3] < 0 for group in groups) or rows != sum(group[3] for group in groups):
            raise _DamagedError
        if rows > self.size:  # each has a code of its own, so that it cannot take less than a byte
            raise bomb(f"{rows} rows in {self.size} bytes", "at most one row a byte")
        if len(groups) > MAX_GROUPS:
            raise bomb(f"{len(groups)} groups of rows", f"at most {MAX_GROUPS}")
        values: dict[int, int] = {}
        unpacked = packed = 0
        repeated: dict[str, int] = {}
        for group in groups:
            if len(group[1]) != len(flat):
                raise _DamagedError
            for place, chunk in enumerate(group[1]):
                declared = chunk[3]
                packed += _positive(declared[7])
                if packed > self.size:
                    raise _DamagedError
                values[place] = values.get(place, 0) + _positive(declared[5])
                if values[place] > max(self.size, FEW_VALUES):
                    raise bomb(
                        f"{values[place]} values of a column in {self.size} bytes", "at most one value a byte"
                    )
                bytes_of_pages, most = self._pages(declared)
                unpacked += bytes_of_pages
                if declared[1] in _TEXTS:
                    repeated[flat[place]] = repeated.get(flat[place], 0) + most
        check_unpacked(unpacked, self.size)
        return Declared(rows, self._too_many(repeated))

    def _too_many(self, repeated: Mapping[str, int]) -> frozenset[str]:
        """Those without which the rest would surely not come to too much."""
        left = sum(repeated.values())
        found = set()
        for name, most in sorted(repeated.items(), key=lambda item: -item[1]):
            if left <= most_bytes(self.size) // 2:
                break
            left -= most
            found.add(name)
        return frozenset(found)

    def _footer(self) -> Struct:
        if self.size < 12:
            raise _DamagedError
        self.stream.seek(self.size - 8)
        (length,) = struct.unpack("<I", self.stream.read(4))
        if length > self.size - 12:
            raise _DamagedError
        if length > MAX_FOOTER_BYTES:
            raise bomb(f"a footer of {length} bytes", f"at most {MAX_FOOTER_BYTES}")
        self.end = self.size - 8 - length
        self.stream.seek(self.end)
        return _Reader(self.stream.read(length)).struct()

    def _pages(self, chunk: Struct) -> tuple[int, int]:
        """Bytes of all pages of a chunk, unpacked, and the most that its texts may come to by being repeated."""
        unpacked = dictionary = read = repeats = prefixes = 0
        for header in self._headers(chunk):
            size = _positive(header[2])
            if size > MAX_PAGE_BYTES:
                raise bomb(f"a page of {size} bytes", f"at most {MAX_PAGE_BYTES}")
            unpacked += size
            if 7 in header:
                if _positive(header[7][1]) > size:
                    raise bomb(
                        f"{header[7][1]} entries of a dictionary in {size} bytes", "at most one a byte"
                    )
                dictionary += size
            else:
                page = header.get(5) or header[8]
                read += _positive(page[1])
                if read > chunk[5]:
                    raise _DamagedError
                encoding = page[2 if 5 in header else 4]
                if encoding in _OF_DICTIONARY:
                    repeats += page[1]
                elif encoding == _OF_PREFIXES:
                    prefixes += page[1] * size
                    if page[1] * size > MAX_PREFIXES_BYTES:
                        raise bomb(f"{page[1]} texts out of {size} bytes in a page", "20,000 values a page")
        return unpacked, repeats * dictionary + prefixes

    def _headers(self, chunk: Struct) -> Iterator[Struct]:
        """The headers of the pages of a chunk."""
        if chunk[5] == 0:  # what is said of its pages may be anything
            return
        place = min([chunk[9], *([chunk[11]] if chunk.get(11, 0) > 0 else [])])
        end = place + chunk[7]
        if place < len(_MARK) or end > self.end:
            raise _DamagedError
        while place < end:
            self.stream.seek(place)
            reader = _Reader(self.stream.read(min(_MAX_HEADER_BYTES, self.end - place)))
            header = reader.struct()
            place += reader.place + _positive(header[3])
            if place > self.end:
                raise _DamagedError
            if {5, 7, 8} & header.keys():
                yield header


def _positive(number: int) -> int:
    if number < 0:
        raise _DamagedError
    return number


def _check_schema(elements: list[Struct]) -> list[str]:
    """The first name on the way to each leaf, in order. Checks that the tree is one, and not deep."""
    leaves: list[str] = []
    waiting: list[tuple[int, str]] = []  # children to come, by level
    for number, element in enumerate(elements):
        children = element.get(5, 0)
        if number == 0:
            waiting.append((_positive(children), ""))
            continue
        while waiting and waiting[-1][0] == 0:
            waiting.pop()
        if not waiting:
            raise _DamagedError
        left, first = waiting.pop()
        waiting.append((left - 1, first))
        named = first or element[4].decode("utf-8", "replace")
        if children:
            waiting.append((_positive(children), named))
        else:
            leaves.append(named)
        if len(waiting) > MAX_DEPTH:
            raise UnreadableError(
                "malformed_parquet",
                f"a schema deeper than {MAX_DEPTH} levels",
                "records with lists of values",
            )
    if any(left for left, _ in waiting):
        raise _DamagedError
    return leaves
