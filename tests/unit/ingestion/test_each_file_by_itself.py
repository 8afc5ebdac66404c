"""No content of one file, and no fault of ours at it, ends the run for the others; a full disk does (ADR 0020)."""

from __future__ import annotations

import errno
import gzip
import itertools
import random
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.ingestion import whose_fault
from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.formats import open_file
from orchestration.ingestion.records import read_files
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

CASES = Path(__file__).parents[2] / "cases"
RECORDS = [good("dossiers", number) for number in range(1, 6)]
#: Who delivers a damaged file, each of a run.
DAMAGED = ("H20", "H21", "H22", "H26", "H56")
FORMATS: dict[str, Callable[[Path], bytes]] = {
    "parquet": lambda folder: as_parquet(RECORDS, folder),
    "xlsx": lambda folder: as_xlsx(RECORDS, folder),
    "csv": lambda _: as_csv(RECORDS),
    "jsonl": lambda _: as_lines(RECORDS),
    "json": lambda _: as_envelope(RECORDS),
    "csv.gz": lambda _: packed(as_csv(RECORDS)),
}


@cache
def whole(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return FORMATS[name](Path(folder))


def damaged(content: bytes, seed: int) -> bytes:
    """`content`, truncated, with bits flipped, bytes replaced or pieces of it spliced in, more often near its end."""
    chance, data = random.Random(seed), bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4, 16])):
        if not data:
            break
        near_end = chance.random() < 0.4
        at = (
            len(data) - 1 - chance.randrange(min(len(data), 600)) if near_end else chance.randrange(len(data))
        )
        kind = chance.randrange(4)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 2:
            start = chance.randrange(len(data))
            data[at:at] = data[start : start + chance.randrange(200)]
        else:
            data[at] = chance.randrange(256)
    return bytes(data)


def beside_good(root: Path, content: bytes, name: str) -> tuple[Records, Any]:
    workplace = Records(root)
    workplace.deliver(content, name, sender="H20")
    workplace.deliver(as_lines([good("dossiers", 77)]), "good.jsonl", sender="H19")
    return workplace, workplace.ingest()


@pytest.mark.parametrize("name", FORMATS)
@given(seeds=st.lists(st.integers(0, 2**32), min_size=len(DAMAGED), max_size=len(DAMAGED)))
@settings(max_examples=5, deadline=None)
def test_damaged_files_are_judged_and_their_neighbour_accepted(name: str, seeds: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        workplace = Records(Path(folder))
        for sender, seed in zip(DAMAGED, seeds, strict=True):
            workplace.deliver(damaged(whole(name), seed), f"a.{name}", sender=sender)
        workplace.deliver(as_lines([good("dossiers", 77)]), "good.jsonl", sender="H19")
        report = workplace.ingest()
        assert [file.status for file in report.files if file.sender == "H19"] == ["accepted"]
        assert report.unread == (), "damage is not taken for a fault of ours"
        assert not [path for path in (workplace.lake / ".pending/dossiers").iterdir() if ".work" in path.name]


def test_json_under_the_name_of_csv_is_refused_for_what_it_is(tmp_path: Path) -> None:
    content = (CASES / "attacks/json_named_csv.csv").read_bytes()
    _, report = beside_good(tmp_path, content, "json_named.csv")
    assert {file.sender: file.status for file in report.files} == {"H19": "accepted", "H20": "quarantined"}
    assert report.unread == ()


def failing(error: Exception) -> Callable[..., Any]:
    """In place of `classify`: raises where a file of H20 is read."""
    stage = read_files.classify

    def stage_or_fail(self: Any, opened: Any) -> None:
        if opened.landed.sender == "H20":
            raise error
        stage(self, opened)

    return stage_or_fail


@pytest.mark.parametrize(
    "error",
    [duckdb.BinderException("x"), duckdb.CatalogException("x"), duckdb.ParserException("x"), KeyError("x"),
     TypeError("x"), RecursionError(), AssertionError("0900000000"), duckdb.ConversionException("x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_a_fault_of_ours_is_reported_as_ours_and_the_file_read_again(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_files, "classify", failing(error))
    workplace, report = beside_good(tmp_path, whole("csv"), "a.csv")
    assert [(file.sender, file.status) for file in report.files] == [("H19", "accepted")]
    (problem,) = report.unread
    assert (problem.reason_code, problem.file) == ("our_defect", "dossiers/2025-12-01/H20/a.csv")
    assert type(error).__name__ in problem.found and "0900000000" not in str(problem)
    assert "do not ask the sender" in problem.action
    assert report.is_blocked and any("not read:" in line for line in report.summary())
    workplace.promote(report)
    monkeypatch.undo()
    again = workplace.ingest()
    assert [(file.sender, file.status, file.rows_accepted) for file in again.files] == [
        ("H20", "accepted", 5)
    ]


@pytest.mark.parametrize("error", [MemoryError(), duckdb.OutOfMemoryException("x")], ids=["python", "duckdb"])
def test_a_file_too_large_for_memory_is_left_unread(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_files, "classify", failing(error))
    _, report = beside_good(tmp_path, whole("csv"), "a.csv")
    assert [problem.reason_code for problem in report.unread] == ["not_enough_memory"]
    assert [file.sender for file in report.files] == ["H19"]


@pytest.mark.parametrize("what", ["_prepared", "keep"])
@pytest.mark.parametrize("files", [1, 3])
def test_where_others_take_all_memory_what_is_done_around_a_file_waits_for_them(
    what: str, files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen once in CI: macros could not be made while a page of 400 MB was read beside them, and the run ended."""
    real, fails = getattr(read_files, what), iter([True])

    def without_room(*arguments: Any) -> Any:
        if next(fails, False):
            raise duckdb.OutOfMemoryException("x")
        return real(*arguments)

    monkeypatch.setattr(read_files, what, without_room)
    workplace = Records(tmp_path)
    for number in range(files):
        workplace.deliver(as_lines([good("dossiers", number)]), f"{number}.jsonl")
    report = workplace.ingest()
    assert report.unread == ()
    assert [(file.rows_accepted, file.rows_read) for file in report.files] == [(1, 1)] * files
    assert len(workplace.rows(report)) == files


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device"), PermissionError(errno.EACCES, "Permission denied"),
     duckdb.IOException('Could not write file "/x": No space left on device')],
    ids=["full", "denied", "full for duckdb"],
)  # fmt: skip
def test_a_machine_that_fails_ends_the_run_and_nothing_is_marked(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_files, "classify", failing(error))
    with pytest.raises(type(error)):
        beside_good(tmp_path, whole("csv"), "a.csv")
    assert not list((tmp_path / "lake").rglob("*.parquet"))
    assert not (tmp_path / "quarantine").exists()


def test_a_disk_that_is_full_while_a_file_is_unpacked_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(open_file, "_gunzip", full)
    with pytest.raises(OSError, match="No space left"):
        beside_good(tmp_path, whole("csv.gz"), "a.csv.gz")


def test_a_file_that_cannot_be_judged_takes_none_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Odd rows of several files are judged in one statement; where it fails, each file's alone."""
    judge = read_files.validate

    def judge_or_fail(self: Any, paths: Any) -> None:
        if any("H20" in str(file.path) for files, path in known if path in paths for file in files):
            raise duckdb.ConversionException("x")
        judge(self, paths)

    known: list[Any] = []
    keep = read_files.keep

    def keep_and_note(self: Any, some: Any) -> None:
        keep(self, some)
        known.extend(self.pending)

    monkeypatch.setattr(read_files, "validate", judge_or_fail)
    monkeypatch.setattr(read_files, "keep", keep_and_note)
    workplace = Records(tmp_path)
    for number, sender in enumerate(["H20", "H21", "H22"]):
        rows = [good("dossiers", number), good("dossiers", number + 10, TrangThaiHoSo="77")]
        workplace.deliver(as_lines(rows), "a.jsonl", sender=sender)
    report = workplace.ingest()
    assert [(file.sender, file.rows_accepted, file.rows_quarantined) for file in report.files] == [
        ("H21", 1, 1),
        ("H22", 1, 1),
    ]
    assert [problem.file for problem in report.unread] == ["dossiers/2025-12-01/H20/a.jsonl"]


def test_an_engine_that_gives_up_for_good_is_started_again_without_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_files, "classify", failing(duckdb.FatalException("x")))
    alive = iter([False])
    monkeypatch.setattr(read_files, "is_alive", lambda _: next(alive, True))
    _, report = beside_good(tmp_path, whole("csv"), "a.csv")
    assert [(file.sender, file.status) for file in report.files] == [("H19", "accepted")]
    assert [problem.reason_code for problem in report.unread] == ["our_defect"]


# List columns that a file lacks, or that hold nothing in it.

ABSENT = CASES / "f01_list_column_absent"
FULL = as_lines([good("dossiers", 41), good("dossiers", 42, HinhThuc="tại nhà")])


def column_types(workplace: Records, report: Any) -> dict[str, str]:
    path = f"{report.pending_dir}/rows*.parquet"
    described = workplace.query(
        f"select column_name, column_type from (describe from read_parquet('{path}', hive_partitioning = false))"
    )
    return {name: kind.lower().replace('"', "") for name, kind in described}


PROMISED = {name: kind.lower() for name, kind in RECORD_SOURCES["dossiers"].row_columns.items()}
#: file: rows accepted, rows refused, values left out
SPARSE = {
    "list_column_always_empty_one_bad_row.parquet": (1, 1, 0),
    "no_lists_all_good.csv": (2, 0, 0),
    "no_lists_one_bad_row.csv": (2, 1, 0),
    "one_list_absent_one_value_left_out.parquet": (2, 0, 1),
}


@pytest.mark.parametrize("name", SPARSE)
def test_a_list_that_is_not_in_the_file_is_empty_and_typed(name: str, tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver((ABSENT / name).read_bytes(), name)
    report = workplace.ingest()
    (file,) = report.files
    assert (file.rows_accepted, file.rows_quarantined, file.elements_dropped) == SPARSE[name]
    assert column_types(workplace, report) == PROMISED
    assert {len(row[0]) for row in workplace.rows(report, "results")} <= {0, 1}
    assert all(row[0] is not None for row in workplace.rows(report, "fees"))


@pytest.mark.parametrize("name", ["flat_good.csv", "flat_one_bad_row.csv"])
def test_flat_dossiers_have_typed_empty_lists(name: str, tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver((CASES / "attacks" / name).read_bytes(), name)
    report = workplace.ingest()
    assert report.files[0].rows_accepted == (2 if name == "flat_good.csv" else 1)
    assert column_types(workplace, report) == PROMISED
    assert set(map(str, workplace.rows(report, "fees, identities, database_codes"))) == {"([], [], [])"}


@pytest.mark.parametrize("some", [c for n in (2, 4) for c in itertools.combinations(SPARSE, n)], ids=str)
def test_files_with_and_without_lists_are_one_batch(some: tuple[str, ...], tmp_path: Path) -> None:
    """In either order of their hashes: a blank line moves the full file before or behind the others."""
    for place, full in enumerate([FULL, FULL + b"\n", FULL + b"\n\n", FULL + b"\n\n\n"]):
        workplace = Records(tmp_path / str(place))
        for number, name in enumerate(some):
            workplace.deliver((ABSENT / name).read_bytes(), name, sender=f"H{20 + number}")
        workplace.deliver(full, "full.jsonl", sender="H19")
        report = workplace.ingest()
        assert report.unread == ()
        assert sum(file.rows_read for file in report.files) == 2 + sum(sum(SPARSE[n][:2]) for n in some)
        assert column_types(workplace, report) == PROMISED
        lists = workplace.rows(report, "fees, dossier_code")
        assert [len(fees) for fees, code in lists if code.endswith(("0041", "0042"))] == [1, 1]
        shutil.rmtree(workplace.root)


@pytest.mark.parametrize("slow", ["classify", "validate", "of itself"])
def test_a_file_that_takes_longer_than_its_size_allows_is_refused_and_its_neighbour_read(
    slow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three kilobytes of a million empty records; and, as others are slow in other places, statements without end."""
    monkeypatch.setattr(whose_fault, "LEAST_SECONDS", 5)  # the neighbour takes one, on a busy machine two
    monkeypatch.setattr(whose_fault, "SECONDS_A_MEGABYTE", 0)

    def without_end(reader: Any, what: Any) -> None:
        is_hers = isinstance(what, list) or what.landed.sender == "H20"
        endless = "select max(hash(i)) from range(10000000000000) as numbers(i)"
        reader.connection.execute(endless if is_hers else "select 1")
        original(reader, what)

    if slow != "of itself":
        original = getattr(read_files, slow)
        monkeypatch.setattr(read_files, slow, without_end)
    rows = 10 if slow != "of itself" else 10**6
    workplace, report = beside_good(tmp_path, gzip.compress(b"{}\n" * rows), "a.jsonl.gz")
    found = {file.sender: (file.rows_accepted, file.reason_codes) for file in report.files}
    assert found["H19"][0] == 1
    assert found["H20"] == (0, ("decompression_bomb",))
    assert not report.unread
    assert "rows that take longer than 5 seconds" in str(report.problems[0])
    workplace.promote(report)
    monkeypatch.undo()
    assert workplace.ingest().batch_id is None
