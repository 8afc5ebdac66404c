"""Parquet that says, or comes to, more than it holds: refused in seconds as that file's problem, the others are read.

Files are made byte by byte, as no library writes such. Belongs here: footers, page headers and dictionaries that lie,
and that what libraries do write passes. Does not belong here: what is wrong with the values in a file.
"""

from __future__ import annotations

import io
import random
import resource
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.formats.parquet_bounds import declared_by
from orchestration.ingestion.formats.parquet_file import parquet_columns
from orchestration.ingestion.problems import UnreadableError
from orchestration.ingestion.records import read_files
from orchestration.ingestion.records.columns import wanted
from orchestration.ingestion.records.mapping import read_mapping
from tests.unit.ingestion.record_workplace import MAPPINGS, Records, as_csv, as_lines, as_parquet, good

pytestmark = pytest.mark.slow

NAMES = ("MaHoSo", "MaTTHC", "TrangThaiHoSo", "KenhThucHien")
WANTED = wanted(
    RECORD_SOURCES["dossiers"], read_mapping(MAPPINGS / "national_exchange.yml").sources["dossiers"]
)
GZIP, PLAIN, RLE_DICTIONARY, RLE, DELTA_BYTE_ARRAY = 2, 0, 8, 3, 7
BLOCKS, LONG = 20, 2**20


def number(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


class Short(int):
    """An i32; other numbers are i64."""


def thrift(fields: dict[int, Any]) -> bytes:
    """A struct: texts are binary, tuples lists of what is in them, dictionaries structs."""
    out, last = b"", 0
    for field, value in fields.items():
        kind, data = encoded(value)
        out, last = out + bytes([(field - last) << 4 | kind]) + data, field
    return out + b"\0"


def encoded(value: Any) -> tuple[int, bytes]:
    if isinstance(value, dict):
        return 12, thrift(value)
    if isinstance(value, int):
        return 5 if isinstance(value, Short) else 6, number(value * 2 if value >= 0 else -value * 2 - 1)
    if isinstance(value, str):
        return 8, number(len(value)) + value.encode()
    items = [encoded(item) for item in value]
    kind = items[0][0] if items else 12
    return 9, bytes([0xF0 | kind]) + number(len(items)) + b"".join(data for _, data in items)


def i32(fields: dict[int, Any]) -> bytes:
    """A struct of i32 and such structs, as headers of pages are."""
    return thrift(shortened(fields))


def shortened(fields: dict[int, Any]) -> dict[int, Any]:
    return {
        key: shortened(value) if isinstance(value, dict) else Short(value) for key, value in fields.items()
    }


def page(
    content: bytes, values: int, *, size: int | None = None, dictionary: bool = False, encoding: int = PLAIN
) -> bytes:
    """A page of gzip: `size` is what it says that it comes to."""
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(content) + packer.flush()
    about = {7: {1: values, 2: PLAIN}} if dictionary else {5: {1: values, 2: encoding, 3: RLE, 4: RLE}}
    said = len(content) if size is None else size
    return i32({1: 2 if dictionary else 0, 2: said, 3: len(packed), **about}) + packed


def texts(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(value)) + value for value in values)


def all_the_first(values: int) -> bytes:
    """Indexes into a dictionary: one run."""
    return b"\x01" + number(values << 1) + b"\x00"


def repeated(value: bytes, rows: int) -> list[bytes]:
    return [page(texts(value), 1, dictionary=True), page(all_the_first(rows), rows, encoding=RLE_DICTIONARY)]


def parquet(
    pages: list[bytes], rows: int, *, said: int | None = None, values: int | None = None, groups: int = 1,
    schema: tuple[Any, ...] | None = None, padding: int = 0, shared: bool = False,
) -> bytes:  # fmt: skip
    """A file whose columns `NAMES` have `pages`, the first of them a dictionary if there are two."""
    counted = rows if values is None else values
    body, groups_said = b"PAR1" + bytes(padding), []
    places: list[tuple[int, list[bytes]]] = []
    for group in range(groups):
        columns = []
        for place, name in enumerate(NAMES):
            if not shared or group == 0:
                places.append((len(body), pages))
                body += b"".join(pages)
            start = places[place if shared else -1][0]
            data = start + (len(pages[0]) if len(pages) > 1 else 0)
            size = sum(map(len, pages))
            columns.append({2: start, 3: {
                1: Short(6), 2: (Short(0),), 3: (name,), 4: Short(GZIP), 5: counted,
                6: size, 7: size, 9: data,
                **({11: start} if len(pages) > 1 else {}),
            }})  # fmt: skip
        groups_said.append({1: tuple(columns), 2: len(body), 3: rows})
    leaves = ({1: Short(6), 3: Short(0), 4: name, 6: Short(0)} for name in NAMES)
    tree = schema or ({4: "schema", 5: Short(len(NAMES))}, *leaves)
    footer = thrift({1: Short(1), 2: tree, 3: rows * groups if said is None else said, 4: tuple(groups_said)})
    return body + footer + struct.pack("<I", len(footer)) + b"PAR1"


def deep(levels: int) -> tuple[Any, ...]:
    groups = ({3: Short(0), 4: f"n{level}", 5: Short(1)} for level in range(levels))
    return ({4: "schema", 5: Short(1)}, *groups, {1: Short(6), 3: Short(0), 4: "x"})


def footer_of(data: bytes, length: int | None = None) -> bytes:
    return b"PAR1" + data + struct.pack("<I", len(data) if length is None else length) + b"PAR1"


def of_prefixes() -> bytes:
    """Each text of a megabyte said as "all of the one before"."""
    table, out = pa.table({name: ["a" * 2**20] * 50 for name in NAMES}), io.BytesIO()
    encodings = dict.fromkeys(NAMES, "DELTA_BYTE_ARRAY")
    with pq.ParquetWriter(
        out,
        table.schema,
        compression="zstd",
        use_dictionary=False,
        column_encoding=encodings,
        write_statistics=False,
    ) as writer:
        for _ in range(10):
            writer.write_table(table)
    return out.getvalue()


def packed(values: list[int]) -> bytes:
    """A value, and then another one over and over: delta binary packed, in blocks of 128 values and four parts each."""
    first, then = values
    delta, width = then - first, abs(then - first).bit_length()
    from_least = [delta - min(delta, 0)] + [-min(delta, 0)] * 127
    bits = sum(value << width * place for place, value in enumerate(from_least)).to_bytes(
        16 * width, "little"
    )
    zigzag = number(-2 * min(delta, 0) - 1 if delta < 0 else 0)
    blocks = zigzag + bytes([width] * 4) + bits + bytes(5) * (BLOCKS - 1)
    return number(128) + number(4) + number(1 + 128 * BLOCKS) + number(2 * first) + blocks


def one_page_of_prefixes(text: bytes = b"a" * LONG) -> bytes:
    """Two and a half thousand texts of a megabyte, in each column: the engine makes all of a page at once."""
    rows = 1 + 128 * BLOCKS
    content = packed([0, LONG]) + packed([LONG, 0]) + text
    return parquet([page(content, rows, encoding=DELTA_BYTE_ARRAY)], rows)


def deeply(kind: pa.DataType, value: Any, column: str = "TaiLieuNop") -> bytes:
    """A thousand rows, a kilobyte or two each of them: a value of a megabyte, said once."""
    out = io.BytesIO()
    rows = pa.table({**dict.fromkeys(NAMES, ["1"] * 100), column: pa.array([value] * 100, kind)})
    pq.write_table(pa.concat_tables([rows] * 10).combine_chunks(), out, compression="zstd",
                   dictionary_pagesize_limit=2**30, write_statistics=False)  # fmt: skip
    return out.getvalue()


LONG_TEXT = "a" * LONG
TEXT = pa.string()
ONE = [page(texts(b"1"), 1)]
MILLIONS = 2_000_000_000
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "billions of rows in the footer": (lambda: parquet(ONE, 1, said=MILLIONS), "malformed_parquet"),
    "billions of rows in footer and group": (lambda: parquet(ONE, MILLIONS), "decompression_bomb"),
    "rows that are not those of the groups": (lambda: parquet(ONE, 1, said=7), "malformed_parquet"),
    "negative rows": (lambda: parquet(ONE, -1), "malformed_parquet"),
    "billions of values of a column": (lambda: parquet(ONE, 1, values=MILLIONS), "decompression_bomb"),
    "a run of millions": (lambda: parquet(repeated(b"H19", 10**7), 10**7), "decompression_bomb"),
    "groups that share their pages": (
        lambda: parquet([page(texts(*[b"x"] * 9999), 9999)], 9999, groups=400, shared=True), "decompression_bomb"),
    "a page that says two billion bytes": (
        lambda: parquet([page(texts(b"1"), 1, size=MILLIONS)], 1), "decompression_bomb"),
    "a page of zeros": (lambda: parquet([page(bytes(200 * 1024**2), 1)], 1), "decompression_bomb"),
    "billions of entries of a dictionary": (
        lambda: parquet([page(texts(b"1"), MILLIONS, dictionary=True),
                         page(all_the_first(1), 1, encoding=RLE_DICTIONARY)], 1), "decompression_bomb"),
    # 38 KB: a text of 10 MB in each of 30,000 rows.
    "a long text repeated": (lambda: parquet(repeated(b"a" * 10 * 1024**2, 30_000), 30_000, padding=30_000),
                             "decompression_bomb"),
    "a long text as a prefix": (of_prefixes, "decompression_bomb"),
    # A single page: the engine's memory, before any length is known.
    "a long text as a prefix, a thousand times a page": (one_page_of_prefixes, "decompression_bomb"),
    "a long text in a struct": (
        lambda: deeply(pa.struct([("y", TEXT)]), {"y": LONG_TEXT}, "MaHoSo"), "decompression_bomb"),
    "a long text in structs within a struct": (
        lambda: deeply(pa.struct([("x", pa.struct([("y", TEXT)]))]), {"x": {"y": LONG_TEXT}}), "decompression_bomb"),
    "a long text in structs of a list": (
        lambda: deeply(pa.list_(pa.struct([("TepDinhKemId", pa.struct([("a", TEXT)]))])),
                       [{"TepDinhKemId": {"a": LONG_TEXT}}]), "decompression_bomb"),
    "a long text in a map": (lambda: deeply(pa.map_(TEXT, TEXT), [("k", LONG_TEXT)]), "decompression_bomb"),
    "a long binary of one length": (lambda: deeply(pa.binary(LONG), b"a" * LONG, "MaLinhVuc"), "decompression_bomb"),
    "groups of one row": (lambda: parquet(ONE, 1, groups=10_001), "decompression_bomb"),
    "a page larger than the file": (
        lambda: parquet([i32({1: 0, 2: 10, 3: MILLIONS, 5: {1: 1, 2: 0, 3: 3, 4: 3}})], 1), "malformed_parquet"),
    "a negative size of a page": (
        lambda: parquet([i32({1: 0, 2: -10, 3: -5, 5: {1: 1, 2: 0, 3: 3, 4: 3}})], 1), "malformed_parquet"),
    "a footer larger than the file": (lambda: footer_of(b"\0" * 20, MILLIONS), "malformed_parquet"),
    "a list of billions": (lambda: footer_of(b"\x29\xfc" + number(MILLIONS) + b"\0" * 20), "malformed_parquet"),
    "a name of billions": (lambda: footer_of(b"\x29\x1c\x48" + number(MILLIONS) + b"\0" * 20), "malformed_parquet"),
    "lists within lists": (lambda: footer_of(b"\x19" + b"\x19" * 100_000), "malformed_parquet"),
    "a schema as deep as a well": (lambda: parquet(ONE, 1, schema=deep(50_000)), "malformed_parquet"),
    "a schema without its leaves": (
        lambda: parquet(ONE, 1, schema=({4: "schema", 5: Short(2**31 - 1)}, {1: Short(6), 3: Short(0), 4: "MaHoSo"})),
        "malformed_parquet"),
    "nothing but a footer": (lambda: footer_of(b""), "malformed_parquet"),
}  # fmt: skip


def ingested(folder: Path) -> tuple[dict[str, list[str]], int]:
    """Rows accepted and reasons by file; and the megabytes that it took, in a process of its own."""
    script = f"""
from pathlib import Path
from tests.unit.ingestion.record_workplace import Records
report = Records(Path({str(folder)!r})).ingest()
assert not report.unread, report.unread
for file in report.files:
    print(file.source_file, file.rows_accepted, *file.reason_codes)
# Not getrusage: a child inherits there what its parent once had.
status = Path("/proc/self/status").read_text(encoding="utf-8")
print(next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) // 1024, "MB")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    *files, memory = done.stdout.splitlines()
    found = {line.split()[0].rpartition("/")[2]: line.split()[1:] for line in files}
    return found, int(memory.split()[0])


def test_each_is_refused_alone_and_the_others_are_read(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    for number_, (make, _) in enumerate(BOMBS.values()):
        path = workplace.deliver(make(), f"{number_:02}.parquet")
        assert path.stat().st_size < 4 * 1024**2
    workplace.deliver(as_lines([good("dossiers")]), "good.jsonl", sender="H20")
    found, megabytes = ingested(tmp_path)
    expected = {f"{n:02}.parquet": ["0", reason] for n, (_, reason) in enumerate(BOMBS.values())}
    assert found == {**expected, "good.jsonl": ["1"]}
    assert megabytes < 1700  # what a run may take (1500MB), and Python


#: In proportion to their size, and more than a run may hold at once: pages, texts of one page, rows that are written.
LARGE: dict[str, Callable[[], bytes]] = {
    "pages of zeros, one a column": lambda: parquet([page(bytes(400 * 1024**2), 1)], 1, padding=2 * 1024**2),
    "a long text of noise as a prefix": lambda: one_page_of_prefixes(random.Random(1).randbytes(LONG)),
    "a text repeated by the file's own size": lambda: parquet(
        repeated(b"a" * 100 * 1024, 15_000), 15_000, padding=6 * 1024**2
    ),
}


@pytest.mark.parametrize("kind", LARGE)
def test_what_does_not_fit_into_the_memory_of_a_run_is_refused_and_not_read_again_each_night(
    kind: str, tmp_path: Path
) -> None:
    workplace = Records(tmp_path)
    workplace.deliver(LARGE[kind](), "a.parquet")
    workplace.deliver(as_lines([good("dossiers")]), "good.jsonl", sender="H20")
    found, megabytes = ingested(tmp_path)
    assert found == {"a.parquet": ["0", "decompression_bomb"], "good.jsonl": ["1"]}
    assert megabytes < 4000  # 2,100 to 2,900 were seen; a night has 8 GiB


@pytest.mark.parametrize("name", ["a.parquet", "a.csv"])
def test_what_had_no_room_beside_others_is_read_after_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace = Records(tmp_path)
    records = [good("dossiers")]
    workplace.deliver(as_csv(records) if name == "a.csv" else as_parquet(records, tmp_path), name)
    stage = read_files.classify

    def without_room(reader: Any, opened: Any) -> None:
        if not reader.is_by_itself:
            raise duckdb.OutOfMemoryException("x")
        stage(reader, opened)

    monkeypatch.setattr(read_files, "classify", without_room)
    report = workplace.ingest()
    assert not report.unread
    assert [file.rows_accepted for file in report.files] == [1]


def test_what_is_made_here_is_parquet(tmp_path: Path) -> None:
    """Without a lie the same bytes are read: it is the lies that are refused."""
    path = tmp_path / "a.parquet"
    for content in (
        parquet([page(texts(*[b"H19"] * 3), 3)], 3),
        parquet(repeated(b"H19", 3), 3),
        parquet(ONE, 1, groups=9),
    ):
        path.write_bytes(content)
        assert declared_by(path).rows == duckdb.sql(f"select count(MaHoSo) from '{path}'").fetchall()[0][0]


#: As pandas, Spark and DuckDB write 400,000 dossiers: most columns say the same in every row.
WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "pandas": pq.write_table,
    "spark": lambda table, path: pq.write_table(
        table, path, compression="snappy", row_group_size=50_000, version="1.0"
    ),
    "one group": lambda table, path: pq.write_table(table, path, compression="gzip", row_group_size=10**7),
    "without dictionaries": lambda table, path: pq.write_table(
        table, path, compression="zstd", use_dictionary=False, data_page_version="2.0"
    ),
    "uncompressed": lambda table, path: pq.write_table(table, path, compression="none"),
    "parquet-java 2": lambda table, path: pq.write_table(
        table,
        path,
        use_dictionary=False,
        column_encoding={"MaHoSo": "DELTA_BYTE_ARRAY", "TenTTHC": "DELTA_BYTE_ARRAY"},
    ),
    "duckdb": lambda table, path: duckdb.from_arrow(table).write_parquet(str(path), compression="zstd"),
}


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return duckdb.sql("""
        select 'H19.95-250701-' || lpad(i::varchar, 8, '0') as MaHoSo, '1.004250' as MaTTHC, '10' as TrangThaiHoSo,
            'Cấp giấy chứng nhận đăng ký kinh doanh hộ gia đình' as TenTTHC, null::varchar as GhiChu,
            '2' as KenhThucHien, repeat('Thông tin khác ', 20) as ThongTinKhac,
            [{'TepDinhKemId': md5(i::varchar), 'IsDeleted': 'False'}, {'TepDinhKemId': 'T', 'IsDeleted': 'False'}]
                as TaiLieuNop, []::varchar[] as DSKetNoiCSDL
        from range(400000) as numbers(i)
    """).to_arrow_table()


@pytest.mark.parametrize("writer", WRITERS)
def test_what_libraries_write_passes(writer: str, table: pa.Table, tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    WRITERS[writer](table, path)
    started = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    columns = parquet_columns(duckdb.connect(), path, WANTED)
    assert len(columns.places) == 6
    assert declared_by(path).rows == 400_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - started < 10  # some 0.1 s


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_table_and_a_single_row_pass(rows: int, table: pa.Table, tmp_path: Path) -> None:
    for number_, writer in enumerate(WRITERS.values()):
        path = tmp_path / f"{number_}.parquet"
        writer(table.slice(0, rows), path)
        assert declared_by(path).rows == rows


def test_any_damage_is_a_problem_and_never_an_error_of_ours(tmp_path: Path) -> None:
    whole = parquet(repeated(b"H19", 3), 3)
    path = tmp_path / "a.parquet"
    for place in range(4, len(whole) - 4):
        for byte in (0, 0x7F, 0xFF):
            path.write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            try:
                declared_by(path)
            except UnreadableError as why:
                assert why.parts[0] in ("malformed_parquet", "decompression_bomb")
