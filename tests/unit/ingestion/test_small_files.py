"""Many small files: read together, and nothing of that shows but in the time it takes.

What each comes to alone is known from the other tests; here it is compared with what it comes to among others.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.ingestion.landing import ALL_DAYS, scan
from orchestration.ingestion.records import classify, read_files
from orchestration.ingestion.records.reading import Reading, rows_in
from tests.unit.ingestion.record_workplace import (
    Records,
    as_csv,
    as_envelope,
    as_lines,
    as_parquet,
    as_xlsx,
    good,
    packed,
)

pytestmark = pytest.mark.slow

DAY = "2025-12-01"


def numbered_parquet(folder: Path, text: str, kind: str) -> bytes:
    """Parquet of one dossier, its procedure's code of another type than in the files beside it."""
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select 'H19.95-250701-0900' as MaHoSo, cast('{text}' as {kind}) as MaTTHC,"
            f" '20250701083000' as NgayTiepNhan) to '{folder}/x.parquet' (format parquet)"
        )
    return (folder / "x.parquet").read_bytes()


def odd_files(folder: Path) -> dict[str, bytes]:
    """Of each format: some that are plain, and one of everything that may be odd about a file."""
    files: dict[str, bytes] = {}
    for n in range(2):
        records = [good("dossiers", 10 * n + place) for place in range(3)]
        again = [*records, records[0]]
        refused = [*records, good("dossiers", 10 * n + 5, TrangThaiHoSo="77")]
        foreign = [*records, good("dossiers", 1, MaHoSo=f"H01.1-250701-000{n}")]
        for name, sent in {"plain": records, "again": again, "refused": refused, "foreign": foreign}.items():
            files[f"{name}{n}.jsonl"] = as_lines(sent)
            files[f"{name}{n}.csv"] = as_csv(sent)
            files[f"{name}{n}.json"] = as_envelope(sent)
            files[f"{name}{n}.parquet"] = as_parquet(sent, folder)
        files[f"packed{n}.jsonl.gz"] = packed(as_lines(again))
        files[f"packed{n}.csv.gz"] = packed(as_csv(refused))
        files[f"book{n}.xlsx"] = as_xlsx(refused, folder)
    plain = as_lines([good("dossiers", 71), good("dossiers", 72)])
    table = as_csv([good("dossiers", 81), good("dossiers", 82)])
    return files | {
        "blank-lines.jsonl": plain.replace(b"\n", b"\n\n\n"),
        "two-in-a-line.jsonl": plain.replace(b"\n", b""),
        "cut.jsonl": plain[:-40],
        "returns.jsonl": plain.replace(b"\n", b"\r\n"),
        "mark.jsonl": b"\xef\xbb\xbf" + plain,
        "no-field.jsonl": b'{"a": 1}\n' + plain,
        "twice.jsonl": plain.replace(b'{"MaHoSo"', b'{"MaHoSo": "H19.95-250701-0099", "MaHoSo"', 1),
        "not-utf8.jsonl": plain + b'\n{"MaHoSo": "\xff\xfe"}',
        "alike.jsonl": plain.replace(b"MaTTHC", b"maTTHC"),
        "other-order.csv": as_csv([dict(reversed(good("dossiers", 83).items()))]),
        "semicolon.csv": as_csv([good("dossiers", 84)], ";"),
        "mark.csv": b"\xef\xbb\xbf" + table,
        "blank-first.csv": b"\n\n" + table,
        "header-alone.csv": table.split(b"\n")[0] + b"\n",
        "too-few.csv": table + b"H19.95-250701-0085,1.000105\n",
        "quote.csv": table.replace(b"1.000105", b'"1.000105', 1),
        "no-data.json": b'{"data": 3}',
        "nothing.json": b'{"data": []}',
        "deep.json": b"[" * 5000,
        "text.parquet": numbered_parquet(folder, "0012", "varchar"),
        "number.parquet": numbered_parquet(folder, "12", "bigint"),
        "half.parquet": numbered_parquet(folder, "1.5", "double")[:-60],
        "broken.parquet": b"PAR1" + b"\xff" * 300 + b"PAR1",
        "empty.jsonl": b"",
        "picture.png": b"\x89PNG",
    }


def outcome(place: Records) -> Mapping[str, Any]:
    report = place.ingest()
    assert report.pending_dir is not None
    values = [f for f in vars(report.files[0]) if f != "problems"]
    return {
        "rows": sorted(map(repr, place.rows(report, "*"))),
        "files": {file.source_file: [getattr(file, value) for value in values] for file in report.files},
        "problems": {file.source_file: sorted(map(str, file.problems)) for file in report.files},
        "quarantined": sorted(map(repr, place.quarantined("*"))),
        "unread": sorted(map(str, report.unread)),
        "left": sorted(path.name for path in place.lake.rglob(".work-*")),
    }


def test_among_others_each_file_comes_to_what_it_comes_to_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = odd_files(tmp_path)
    seen = {}
    for together in (1, 3, 500):
        monkeypatch.setattr(read_files, "FILES_TOGETHER", together)
        place = Records(tmp_path / str(together))
        for number, (name, content) in enumerate(sorted(files.items())):
            place.deliver(content, name, f"2025-12-{number % 3 + 1:02}", ("H19", "H01")[number % 5 == 0])
        seen[together] = outcome(place)
    assert len(seen[1]["files"]) > 60
    assert seen[1] == seen[3] == seen[500]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each statement that reads files gave; it is their number that takes the time."""
    counted: list[int] = []
    whole = classify.copy_rows

    def counting(reading: Reading, file: Any, query: str) -> None:
        whole(reading, file, query)
        files = classify.written(reading, file).values()
        counted.append(sum(rows_in(reading.connection, path) for path in files))

    monkeypatch.setattr(classify, "copy_rows", counting)
    return counted


def small_files(place: Records, ending: str, count: int) -> None:
    for n in range(count):
        sent = [good("dossiers", n)]
        content = {
            "jsonl": as_lines, "csv": as_csv, "json": as_envelope,
            "parquet": lambda some: as_parquet(some, place.root),
        }[ending](sent)  # fmt: skip
        place.deliver(content, f"{n}.{ending}")


@pytest.mark.parametrize("ending", ["jsonl", "csv", "json", "parquet"])
def test_files_that_are_alike_take_one_statement(ending: str, tmp_path: Path, read: list[int]) -> None:
    place = Records(tmp_path)
    small_files(place, ending, 60)
    report = place.ingest()
    assert read == [60]
    assert [file.rows_accepted for file in report.files] == [1] * 60
    assert {number for (number,) in place.rows(report, "record_no")} == {1}


def test_one_broken_file_among_many_is_found_in_a_few_statements(tmp_path: Path, read: list[int]) -> None:
    """64 files, halved six times until the broken one is alone: two statements a halving, and its own two."""
    place = Records(tmp_path)
    small_files(place, "jsonl", 63)
    place.deliver(b'{"MaHoSo": "H19.95-25', "broken.jsonl")
    report = place.ingest()
    assert report.counts["rows_accepted"] == 63
    assert len(read) <= 2 * 6 + 2


def test_a_file_that_grows_or_goes_before_it_is_read_among_others_is_left_to_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Records(tmp_path)
    small_files(place, "jsonl", 8)
    growing, gone = place.landing / "dossiers" / DAY / "H19" / "3.jsonl", "5.jsonl"
    whole = read_files.read

    def change(reading: Reading, files: Any) -> None:
        growing.write_bytes(as_lines([good("dossiers", 3), good("dossiers", 33)]))
        growing.with_name(gone).unlink(missing_ok=True)
        whole(reading, files)

    monkeypatch.setattr(read_files, "read", change)
    report = place.ingest()
    reasons = {Path(problem.file).name: problem.reason_code for problem in report.unread}
    assert reasons == {"3.jsonl": "changed_while_reading", gone: "vanished_file"}
    assert report.counts["rows_accepted"] == 6
    monkeypatch.setattr(read_files, "read", whole)
    place.promote(report)
    assert [(file.rows_accepted, file.rows_read) for file in place.ingest().files] == [(2, 2)]


def test_where_the_engine_gives_up_at_one_of_many_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of DuckDB that ends its connection cannot say at which of the files it was: all is read again, these one
    by one, and then without the one that did it."""
    place = Records(tmp_path)
    small_files(place, "jsonl", 8)
    culprit = next(file for file in scan(place.landing, "dossiers", ALL_DAYS).files if file.name == "5.jsonl")
    whole = classify.copy_rows
    statements: list[int] = []

    def give_up(reading: Reading, file: Any, query: str) -> None:
        statements.append(query.count(".lines'"))
        if f"{culprit.sha256}.lines" in query:
            reading.connection.close()
            raise duckdb.InternalException("gave up")
        whole(reading, file, query)

    monkeypatch.setattr(classify, "copy_rows", give_up)
    report = place.ingest()
    assert report.counts["rows_accepted"] == 7
    refused = [(file.source_file, file.reason_codes) for file in report.files if not file.rows_accepted]
    assert refused == [(culprit.relative_path, ("malformed_lines",))]
    assert statements[0] >= 8, "they were read together at first"


@pytest.mark.parametrize(
    "error", [KeyError("x"), MemoryError(), RecursionError()], ids=lambda e: type(e).__name__
)
def test_a_fault_of_ours_at_one_of_many_leaves_that_one_unread(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None that Python raises ends the run of the others either (ADR 0020)."""
    place = Records(tmp_path)
    small_files(place, "jsonl", 8)
    culprit = next(file for file in scan(place.landing, "dossiers", ALL_DAYS).files if file.name == "5.jsonl")
    whole = classify.copy_rows

    def fail(reading: Reading, file: Any, query: str) -> None:
        if f"{culprit.sha256}.lines" in query:
            raise error
        whole(reading, file, query)

    monkeypatch.setattr(classify, "copy_rows", fail)
    report = place.ingest()
    assert report.counts["rows_accepted"] == 7
    assert [problem.file for problem in report.unread] == [culprit.relative_path]
