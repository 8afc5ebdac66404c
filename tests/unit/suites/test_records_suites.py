"""The suites of records, all at once: good rows pass, and each expectation stops its poison and names the rows.

Good tables are made from the types that ingestion writes, which come from the same contract as the suite.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest

from expectations.builder import load
from expectations.gate import GateResult, run_gate
from orchestration.defs.raw_gates import records_suite
from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.report import FILE_COLUMNS
from orchestration.ingestion.working_days import show_deliveries
from tests.unit.suites.conftest import REFERENCE

pytestmark = pytest.mark.slow

ARRIVE, COLUMNS, CODES = "rows_arrive", "columns_of_the_contract", "required_and_codes"
PERSONAL, ORDER = "nothing_personal", "few_rows_backwards"

#: Of each source, what a good row holds; the rest is null.
GOOD: Mapping[str, str] = {
    "dossiers": "'H19.1-250701-' || i as dossier_code, '1.000001' as procedure_code, 9 as status_code,"
    " timestamp '2025-07-01 08:00' as received_at, timestamp '2025-07-02 08:00' as finished_at,"
    " 'H19.17' as processing_unit_code, ['7'] as database_codes",
    "progress": "'H19.1-250701-' || i as dossier_code, 2 as status_code, 'P01' as room_code,"
    " timestamp '2025-07-01 08:00' as started_at, timestamp '2025-07-01 09:00' as acted_at",
    "procedures": "'1.' || i as procedure_code, 'Đăng ký khai sinh' as name_vi, 'province' as execution_level,"
    " 'day' as limit_unit, 4 as online_level",
    "publication_decisions": "i || '/QĐ-UBND' as decision_no, 'H19' as agency_code, date '2025-07-01' as decision_date,"
    " '1.000001' as procedure_code, 'new' as kind, timestamp '2025-07-03 08:00' as published_at",
    "petitions": "'P' || i as petition_id, 'H19' as agency_code, timestamp '2025-07-01 08:00' as received_at,"
    " 'staff' as kind, 'finished' as status, timestamp '2025-07-02 08:00' as finished_at",
    "national_report_totals": "'H19' as agency_code, 2025 as year, 7 as month, 100 + i as received",
    "unit_catalogue": "'H19.' || i as agency_code, 'Sở Tư pháp' as name_vi, 'department' as unit_level,"
    " date '2025-07-01' as valid_from",
}
#: Of each source: a code that is none, a text with something personal, and a moment that runs backwards.
SPOILT: Mapping[str, tuple[str, str, str]] = {
    "dossiers": ("status_code = 11", "processing_unit_code = '079201001234'", "finished_at = timestamp '2025-06-01'"),
    "progress": ("status_code = 0", "room_code = 'a.nguyen@example.vn'", "acted_at = timestamp '2025-06-01'"),
    "procedures": ("limit_unit = 'week'", "name_vi = 'gọi 0912345678'", ""),
    "publication_decisions": ("kind = 'other'", "decision_no = '079201001234'", "published_at = timestamp '2025-06-01'"),
    "petitions": ("status = 'lost'", "dossier_code = '091-234-5678'", "finished_at = timestamp '2025-06-01'"),
    "national_report_totals": ("month = 13", "agency_code = '079201001234'", "year = 2026"),
    "unit_catalogue": ("unit_level = 'village'", "name_vi = 'so@example.vn'", "valid_to = date '2025-06-01'"),
}  # fmt: skip
ROWS = 120


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a good batch of every source, and a `files` table that fits each of them."""
    path = tmp_path_factory.mktemp("records") / "good.duckdb"
    with duckdb.connect(str(path)) as connection:
        declared = ", ".join(f"{name} {kind}" for name, kind in FILE_COLUMNS.items())
        connection.execute(f"create table files ({declared})")
        connection.execute(
            "insert into files by name select 'a.jsonl' as source_file, 'H19' as sender, 'accepted' as status,"
            f" date '2025-12-01' as delivery_date, {ROWS} as rows_read, {ROWS} as rows_accepted,"
            " 0 as rows_quarantined, 0 as rows_duplicate, 0 as rows_foreign, 1000 as size_bytes"
        )
        connection.execute("create table history as from files limit 0")
        show_deliveries(connection, REFERENCE)
        for source, query in GOOD.items():
            columns = RECORD_SOURCES[source].row_columns
            declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            connection.execute(f"create table {source} ({declared})")
            connection.execute(
                f"insert into {source} by name select 'a.jsonl' as source_file, 'ab' as file_hash,"
                f" date '2025-12-01' as delivery_date, 'H19' as sender, i + 1 as record_no, {query}"
                f" from range({ROWS}) as t(i)"
            )
    return path


def judge(database: Path, source: str, rows_dir: Path | None = None) -> GateResult:
    suite = records_suite(RECORD_SOURCES[source])
    return run_gate(database, "main", source, suite, failing_rows_dir=rows_dir)


def stopped(good: Path, tmp_path: Path, source: str, change: str) -> dict[str, str]:
    """What the suite says after `change`: id of each failed expectation -> its own part of the message."""
    database = tmp_path / "spoilt.duckdb"
    shutil.copy(good, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(change)
    result = judge(database, source, tmp_path / "rows")
    message = result.message()
    assert not any("could not be evaluated" in check.observed for check in result.checks), message
    return {
        check.id: message[message.index(f"- {check.description}\n") :].split("\n- ")[0]
        for check in result.failed()
    }


@pytest.mark.parametrize("source", GOOD)
def test_good_rows_pass(source: str, good: Path) -> None:
    result = judge(good, source)
    assert result.success, result.message()
    asked = {check.id for check in result.checks}
    assert asked == {ARRIVE, COLUMNS, CODES, PERSONAL, *([ORDER] if SPOILT[source][2] else [])}
    assert all("20" in check.reason for check in result.checks), "each bound has a date"


@pytest.mark.parametrize("source", GOOD)
def test_rows_that_did_not_arrive_are_missed(source: str, good: Path, tmp_path: Path) -> None:
    said = stopped(good, tmp_path, source, f"delete from {source} where record_no = 1")
    assert list(said) == [ARRIVE]
    assert '"rows_found": 119' in said[ARRIVE]


@pytest.mark.parametrize("source", GOOD)
def test_another_type_or_column_is_told_with_what_was_expected(
    source: str, good: Path, tmp_path: Path
) -> None:
    said = stopped(good, tmp_path, source, f"alter table {source} alter record_no type integer")
    assert list(said) == [COLUMNS]
    assert '"column_type": "INTEGER"' in said[COLUMNS]
    assert '"expected_type": "bigint"' in said[COLUMNS]
    said = stopped(good, tmp_path, source, f"alter table {source} add column applicant_name varchar")
    assert '"column_name": "applicant_name"' in said[COLUMNS]


@pytest.mark.parametrize("source", GOOD)
def test_a_code_of_nobodys_and_a_row_about_nothing_are_named(source: str, good: Path, tmp_path: Path) -> None:
    said = stopped(good, tmp_path, source, f"update {source} set {SPOILT[source][0]} where record_no = 7")
    assert list(said) == [CODES]
    assert '"record_no": 7' in said[CODES]
    key = RECORD_SOURCES[source].columns[0].name
    said = stopped(good, tmp_path, source, f"update {source} set {key} = null where record_no = 8")
    assert '"record_no": 8' in said[CODES]


@pytest.mark.parametrize("source", GOOD)
def test_something_personal_is_named_by_its_place_and_not_shown(
    source: str, good: Path, tmp_path: Path
) -> None:
    change = SPOILT[source][1]
    said = stopped(good, tmp_path, source, f"update {source} set {change} where record_no = 9")
    assert list(said) == [PERSONAL]
    assert '"record_no": 9' in said[PERSONAL]
    needle = change.split("'")[1]
    assert needle not in said[PERSONAL]
    for file in (tmp_path / "rows").glob("*.parquet"):
        assert needle not in str(duckdb.read_parquet(str(file)).fetchall()) or "codes" in file.name


#: What slipped through ingestion, and is stopped.
SLIPPED = ["079203004567", "X079203004567", "079-203-004-567", "079 203 004 567", "0912/345/678", "+84 912 345 678",
           "CCCD:079203004567", "271.828.182", "001099000123.0", "0900-000000", "A@B.VN"]  # fmt: skip
#: What looks like it and is not.
NO_PERSONS = ["H05-250701-0001", "H19.95-250701-0001-1", "1.004250.000.00.00.H19", "KQ.G15.000456",
              "hash:0123456789abcdef0123456789abcdef", "550e8400-e29b-41d4-a716-446655440000", "12345678",
              "70efdf2ec9b086079795c442636b55fb", "a9993e364706816aba3e25717850c26c9cd0d89d"]  # fmt: skip


def test_numbers_of_persons_are_stopped_wherever_they_slipped_to(good: Path, tmp_path: Path) -> None:
    def placed(values: list[str]) -> str:
        when = " ".join(f"when {n} then '{value}'" for n, value in enumerate(values, 1))
        return f"update progress set room_code = case record_no {when} end where record_no <= {len(values)}"

    assert list(stopped(good, tmp_path, "progress", placed(SLIPPED))) == [PERSONAL]
    (rows,) = list((tmp_path / "rows").glob("*.parquet"))
    numbers = duckdb.read_parquet(str(rows)).project("record_no").order("record_no").fetchall()
    assert numbers == [(number,) for number in range(1, len(SLIPPED) + 1)]
    assert stopped(good, tmp_path, "progress", placed(NO_PERSONS)) == {}


@pytest.mark.parametrize("source", [source for source in GOOD if SPOILT[source][2]])
def test_a_third_of_an_agencys_rows_backwards_is_too_many(source: str, good: Path, tmp_path: Path) -> None:
    spoil = f"update {source} set {SPOILT[source][2]} where record_no <= "
    assert ORDER not in stopped(good, tmp_path, source, f"{spoil}36")  # 36 of 120: just 30 %
    said = stopped(good, tmp_path, source, f"{spoil}37")
    assert list(said) == [ORDER]
    assert '"sender": "H19"' in said[ORDER]
    assert '"rows_backwards": 37' in said[ORDER]


def test_one_senders_broken_export_does_not_hide_behind_the_others(good: Path, tmp_path: Path) -> None:
    """100 rows of H19, 11 of them refused, beside 10,000 good ones of H01: 0.1 % of all, 11 % of its own."""
    database = tmp_path / "files.duckdb"
    shutil.copy(good, database)
    with duckdb.connect(str(database)) as connection:
        connection.execute(
            "update files set rows_read = 100, rows_accepted = 89, rows_quarantined = 11,"
            " status = 'partly_quarantined', problems = ['a.jsonl: bad day']"
        )
        connection.execute(
            "insert into files by name select * replace ('H01' as sender, 'b.jsonl' as source_file, 'accepted' as"
            " status, 10000 as rows_read, 10000 as rows_accepted, 0 as rows_quarantined) from files"
        )
    result = run_gate(database, "main", "files", load("raw__files", source="dossiers", most_refused=0.05))
    assert [check.id for check in result.failed()] == ["few_rows_refused"]
    assert '"sender": "H19"' in result.message()
    assert "bad day" in result.message()
