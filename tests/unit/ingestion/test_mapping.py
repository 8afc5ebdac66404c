"""Mappings: what a vendor's own words become, and every mistake told with its line."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.cli import main
from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.records.mapping import InvalidFileError, load_mappings, read_mapping
from orchestration.ingestion.records.row_query import explained
from tests.unit.ingestion.record_workplace import MAPPINGS, Records, as_csv

VENDOR = {
    "case_number": "h19.95-250701-0001", "service": "1.000105", "sector": "LV07", "channel": "Trực tuyến",
    "applicant_type": "Citizen", "applicant_id": "079201000123", "applicant_name": "Bí Mật",
    "filed": "2025-07-01T01:00:00Z", "accepted": "2025-07-01T08:30:00+07:00", "promised": "2025-07-08",
    "state": "handed over", "handed_over": "2025-07-07T10:00:00.000+07:00", "completed": "", "office": "H19.95",
    "digitised": "có", "vneid": "no", "payment": "cash", "fees": '[{"code": "P1", "amount": 20000}]',
}  # fmt: skip
MINIMAL = """\
mapping: m
version: 1
moments:
  formats: ["%Y%m%d"]
  zone: "+07:00"
sources:
  progress:
    columns:
      dossier_code: MaHoSo
      status_code: TrangThai
"""
#: Of sixty lines each.
TWO_SCREENS = 120
#: Each mapping of the project, with each of its datasets.
MAPPED = [
    (path.stem, dataset)
    for path in sorted(MAPPINGS.glob("*.yml")) if path.stem != "senders"
    for dataset in read_mapping(path).sources
]  # fmt: skip


def test_a_vendor_s_words_become_the_contract_s_codes(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver(as_csv([VENDOR]), "export.csv", sender="flat-vendor")
    report = workplace.ingest()
    assert [(f.status, f.mapping) for f in report.files] == [("accepted", "vendor_flat/1")], report.summary()
    columns = ("dossier_code, channel_code, applicant_kind_code, length(applicant_hash), submitted_at, received_at,"
               " due_at, status_code, returned_at, finished_at, return_form_code, has_digitised_parts,"
               " is_vneid_verified, paid_online_code, fees, submitted_documents")  # fmt: skip
    assert workplace.rows(report, columns) == [(
        "H19.95-250701-0001", 2, 1, 32, datetime(2025, 7, 1, 8), datetime(2025, 7, 1, 8, 30), datetime(2025, 7, 8),
        10, datetime(2025, 7, 7, 10), None, "1", True, False, 0,
        [{"fee_code": "P1", "collection_form_code": None, "price": 20000.0, "fee_kind_code": None}], [],
    )]  # fmt: skip


def test_a_vendor_s_unknown_word_is_refused(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver(
        as_csv([VENDOR | {"state": "teleported", "channel": "pigeon"}]), "a.csv", sender="flat-vendor"
    )
    reasons = workplace.ingest().files[0].reason_codes
    assert reasons == ("column_not_in_file", "unknown_channel", "unknown_status")


def test_both_systems_in_one_run_are_read_each_by_its_own(tmp_path: Path) -> None:
    from tests.unit.ingestion.record_workplace import as_lines, good

    workplace = Records(tmp_path)
    workplace.deliver(as_csv([VENDOR | {"filed": "20250701"}]), "a.csv", sender="flat-vendor")
    workplace.deliver(as_lines([good("dossiers", 2)]), "a.jsonl")
    statuses = {file.sender: file.status for file in workplace.ingest().files}
    assert statuses == {"H19": "accepted", "flat-vendor": "quarantined"}  # the vendor writes no such dates


def test_a_zone_shifts_moments_without_offset(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    folder.mkdir()
    text = MINIMAL.replace("mapping: m", "mapping: national_exchange").replace("+07:00", "+00:00")
    text = text.replace("%Y%m%d", "%Y%m%d%H%M%S")
    (folder / "national_exchange.yml").write_text(text + "      acted_at: T\n")
    workplace = Records(tmp_path, "progress", folder)
    workplace.deliver(b'{"MaHoSo":"H19-250701-1","TrangThai":"1","T":"20250701083000"}')
    assert workplace.rows(workplace.ingest(), "acted_at") == [(datetime(2025, 7, 1, 15, 30),)]


def test_what_a_mapping_says_in_several_lines_is_read_as_it_says(tmp_path: Path) -> None:
    """Statements are laid out in lines; that of a text, or of a name, is not one of those."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    head = MINIMAL.split("sources:", maxsplit=1)[0].replace("mapping: m", "mapping: national_exchange")
    columns = {"procedure_code": "P", "name_vi": {"constant": "a\nb\n    c"},
               "field_code": {"from": "A\nB", "values": {"x": "L1\nM"}}}  # fmt: skip
    mapped = json.dumps({"procedures": {"columns": columns}})
    (folder / "national_exchange.yml").write_text(f"{head}sources: {mapped}\n")
    workplace = Records(tmp_path, "procedures", folder)
    workplace.deliver(json.dumps({"P": "1.000105", "A\nB": "LV07"}).encode())
    assert workplace.rows(workplace.ingest(), "procedure_code, name_vi, field_code") == [
        ("1.000105", "a\nb\n    c", "LV07")
    ]


def test_shipped_mappings_are_valid() -> None:
    known = load_mappings(MAPPINGS)
    assert set(known.mappings) == {"national_exchange", "vendor_flat"}
    assert known.senders == {"flat-vendor": "vendor_flat"}
    assert not known.faults and known.fault is None


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        ("version: 1\n", "", 1, "found no 'version'"),
        ("mapping: m", "mapping: other", 1, "found name 'other', expected 'm'"),
        ("version: 1", "version: 1\nauthor: x", 3, "found 'author' in the mapping"),
        ("version: 1", "version: 1\nversion: 2", 3, "found 'version' twice"),
        ("version: 1\n", "version: [}\n", 2, "no YAML"),
        ('["%Y%m%d"]', '["%Y%m%d", "%Q"]', 4, "found format '%Q'"),
        ('["%Y%m%d"]', '["%H:%M"]', 4, "found format '%H:%M'"),
        ('["%Y%m%d"]', '"%Y%m%d"', 4, "found a text as formats, expected a list"),
        ('"+07:00"', "Hanoi", 5, "found zone 'Hanoi'"),
        ("  progress:", "  progres:", 7, "found source 'progres', expected one of dossiers"),
        ("      status_code: TrangThai\n", "", 7, "found no column 'status_code' in progress"),
        ("dossier_code: MaHoSo", "dossier_cod: MaHoSo", 9, "found 'dossier_cod' in columns of progress"),
        ("TrangThai", "{from: TrangThai, values: {done: 12}}", 10, "found code '12' for status_code"),
        ("TrangThai", "{from: TrangThai, word: x}", 10, "found 'word' in status_code"),
        ('"+07:00"', "Asia/Saigonn", 5, "found zone 'Asia/Saigonn'"),
        ('"+07:00"', "EST", 5, "found zone 'EST'"),
        ('"%Y%m%d"', '"%Y%m%d %I:%M"', 4, "expected %I and %p together"),
        ("version: 1", "version: 1\nnumbers: {thousands: '.'}", 3, "found '' as decimal"),
        ("version: 1", "version: 1\nnumbers: {thousands: '.', decimal: '.'}", 3, "expected two signs"),
        ("version: 1", "version: 1\nnumbers: {thousands: x, decimal: ','}", 3, "found 'x' as thousands"),
        ("MaHoSo", "{template: 'H19-{a'}", 9, "found '{a' in template"),
        ("MaHoSo", "{template: 'H19'}", 9, "expected a field in it"),
        ("MaHoSo", "{template: 'H19-{a:%H}'}", 9, "expected a day made of"),
        ("MaHoSo", "{template: '{a}', from: b}", 9, "found 'from' and 'template'"),
        ("MaHoSo", "trangthai", 10, "expected names that differ by more than capitals"),
        ("TrangThai", "{from: TrangThai, values: {Xong: 9, ' XONG': 10}}", 10, "expected each word once"),
        ("TrangThai", "{from: TrangThai, constant: 1}", 10, "found 'from' and 'constant'"),
        ("TrangThai", "{constant: 99}", 10, "found code '99'"),
        ("TrangThai", "[TrangThai]", 10, "found a list as status_code, expected a table"),
        ("TrangThai\n", "TrangThai\n    personal: {drop: [MaHoSo]}\n", 9, "expected nothing from a personal field"),
        ("TrangThai\n", "TrangThai\n    personal: {hash: [TrangThai]}\n", 10, "expected it only in a hash"),
        ("TrangThai\n", "TrangThai\n    personal: {hide: [A]}\n", 11, "found 'hide' in personal"),
        ("  progress:\n", "  dossiers: {columns: {dossier_code: a, procedure_code: b, status_code: c, "
         "applicant_hash: d}}\n  progress:\n", 7, "expected it in 'hash' of 'personal' too"),
        ("  progress:\n", "  dossiers: {columns: {dossier_code: a, procedure_code: b, status_code: c, fees: "
         "{columns: {price: d}}}}\n  progress:\n", 7, "found no 'from' of list fees"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(old: str, new: str, line: int, told: str, tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text(MINIMAL)
    read_mapping(file)
    assert old in MINIMAL
    file.write_text(MINIMAL.replace(old, new, 1))
    with pytest.raises(InvalidFileError) as error:
        read_mapping(file)
    assert any(row.startswith(f"{file}:{line}: ") and told in row for row in str(error.value).splitlines())


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text(MINIMAL.replace("+07:00", "x").replace("MaHoSo", "[a]").replace("version: 1\n", ""))
    with pytest.raises(InvalidFileError) as error:
        read_mapping(file)
    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize("text", ["", "- a\n", "\xff", "a: &a [*a]"])
def test_what_is_no_mapping_is_refused(text: str, tmp_path: Path) -> None:
    file = tmp_path / "m.yml"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(InvalidFileError, match=r"m\.yml:1: "):
        read_mapping(file)


def test_a_sender_with_an_unknown_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "national_exchange.yml").write_text(
        MINIMAL.replace("mapping: m", "mapping: national_exchange")
    )
    (tmp_path / "senders.yml").write_text("# who\nvendor: nobody\n")
    known = load_mappings(tmp_path)
    assert known.of("H19").name == "national_exchange"
    with pytest.raises(InvalidFileError, match=r"senders\.yml:2: found mapping 'nobody'"):
        known.of("vendor")


@pytest.mark.parametrize(("name", "text", "read"), [
    ("theirs.yml", "mapping: theirs\nversion: [}\n", ["H19"]),
    ("theirs.yml", "", ["H19"]),
    ("theirs.yml", "\udcff", ["H19"]),
    ("senders.yml", "vendor: nobody\n", ["H19"]),
    # Who sends by which mapping is then not known: nobody's file is read by a wrong one.
    ("senders.yml", "vendor: [}\n", []),
    ("senders.yml", "vendor: {a: b}\n", []),
    ("national_exchange.yml", "mapping: national_exchange\n", ["vendor"]),
])  # fmt: skip
def test_a_faulty_mapping_is_a_matter_of_its_senders_alone(
    tmp_path: Path, name: str, text: str, read: list[str]
) -> None:
    """Their files are in no batch, so that they are read once it is put right."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    minimal = MINIMAL.replace("%Y%m%d", "%Y%m%d%H%M%S")
    for mapping in ("national_exchange", "theirs"):
        (folder / f"{mapping}.yml").write_text(minimal.replace("mapping: m", f"mapping: {mapping}"))
    (folder / "senders.yml").write_text("vendor: theirs\n")
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    workplace = Records(tmp_path, "progress", folder)
    for sender in ("H19", "vendor"):
        workplace.deliver(b'{"MaHoSo":"H19-250701-1","TrangThai":"1"}', sender=sender)
    report = workplace.ingest()
    assert [file.sender for file in report.files] == read
    left = [problem for problem in report.landing_problems if problem.reason_code == "faulty_mapping"]
    assert len(left) == 2 - len(read)
    assert all(f"{name}:" in problem.found for problem in left)
    if report.batch_id is not None:
        workplace.promote(report)
    (folder / name).write_bytes(whole)
    assert len(workplace.ingest().files) == 2 - len(read)


def test_a_sample_shows_what_would_be_accepted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:

    sample = tmp_path / "sample.csv"
    sample.write_bytes(as_csv([VENDOR, VENDOR | {"state": "teleported"}]))
    assert main(["check-mapping", str(MAPPINGS / "vendor_flat.yml"), str(sample)]) == 1
    told = capsys.readouterr().out
    assert "1 of 2 rows would be accepted as dossiers, 1 refused" in told
    row = next(line for line in told.splitlines() if line.startswith("record 2"))
    assert re.match(
        r"record 2 +state +teleported +one of 1, 2, .*  ask the sender .*  unknown_status$", row
    ), row
    assert main(["check-mapping", str(MAPPINGS / "national_exchange.yml"), str(sample)]) == 1
    assert "unknown_header" in capsys.readouterr().out
    (tmp_path / "m.yml").write_text("mapping: m\n")
    assert main(["check-mapping", str(tmp_path / "m.yml"), str(sample)]) == 2
    assert "m.yml:1: found no 'version'" in capsys.readouterr().err


@pytest.mark.parametrize(("mapping", "dataset"), MAPPED)
def test_a_mapping_is_explained_by_the_statements_that_it_is(
    mapping: str, dataset: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain-mapping", str(MAPPINGS / f"{mapping}.yml"), dataset]) == 0
    shown = capsys.readouterr().out
    statements = duckdb.extract_statements(shown)  # so that DuckDB can parse what is shown
    assert {kind.type for kind in statements[:3]} == {duckdb.StatementType.SELECT}
    assert {kind.type for kind in statements[3:]} == {duckdb.StatementType.CREATE}
    steps = [line for line in shown.splitlines() if re.fullmatch(r"\w+ as \(", line)]
    assert steps[:3] == ["wire as (", "raw as (", "listed as ("]
    assert max(each.query.strip().count("\n") for each in statements) < TWO_SCREENS
    assert max(map(len, shown.splitlines())) < 300


@pytest.mark.parametrize(("mapping", "dataset"), MAPPED)
def test_what_becomes_of_one_column_is_read_on_two_screens(mapping: str, dataset: str) -> None:
    """Each statement is whole: it has the column and the one that a row is about."""
    plan, contract = read_mapping(MAPPINGS / f"{mapping}.yml").sources[dataset], RECORD_SOURCES[dataset]
    for column in plan.columns:
        shown = explained(contract, plan, [column])
        statements = duckdb.extract_statements(shown)
        assert max(each.query.strip().count("\n") for each in statements) < TWO_SCREENS, column
        others = plan.columns.keys() - {column, contract.columns[0].name}
        assert not [name for name in others if re.search(rf"\b(raw|sent)_{name}\b", shown)], column


def test_a_column_that_is_not_mapped_is_not_explained(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["explain-mapping", str(MAPPINGS / "national_exchange.yml"), "progress", "--column"]
    assert main([*words, "no_such"]) == 1
    assert "found no column no_such of progress, expected one of dossier_code, " in capsys.readouterr().err
    assert main([*words, "status_code"]) == 0
    assert "dossier_code" in capsys.readouterr().out
