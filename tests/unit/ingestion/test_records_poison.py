"""Whatever is wrong lands where it should: one row refused, one value left out, or one file, each with reasons.

Each table is one delivery, so that the poison lies among its neighbours, as it does in life.
"""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.ingestion.record_workplace import (
    GOOD,
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

FEE = GOOD["dossiers"]["DanhSachLePhi"][0]
SUPPLEMENT = GOOD["dossiers"]["DanhSachHoSoBoSung"][0]
DOCUMENT = GOOD["dossiers"]["TaiLieuNop"][0]

#: source, what is changed in a good record, the reasons expected. `!` marks a value left out.
ROWS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("dossiers", {"MaHoSo": None}, {"missing_dossier_code"}),
    ("dossiers", {"MaHoSo": "  "}, {"missing_dossier_code"}),
    ("dossiers", {"MaHoSo": "12345"}, {"malformed_dossier_code"}),
    ("dossiers", {"MaHoSo": "H19.95 250701 0001"}, {"malformed_dossier_code"}),
    ("dossiers", {"MaHoSo": "H19.95-2507-0001"}, {"malformed_dossier_code"}),
    ("dossiers", {"MaHoSo": {"a": 1}}, {"malformed_dossier_code"}),
    ("dossiers", {"MaHoSo": "'; drop table staged; --"}, {"malformed_dossier_code"}),
    ("dossiers", {"MaHoSo": "=HYPERLINK(\"http://x\")"}, {"malformed_dossier_code"}),
    ("dossiers", {"MaHoSo": "Q77.95-250701-0001"}, {"unknown_agency"}),
    ("dossiers", {"MaHoSo": "000.00.95.Q77-250701-0001"}, {"unknown_agency"}),
    ("dossiers", {"MaTTHC": ""}, {"missing_procedure_code"}),
    ("dossiers", {"MaTTHC": "thủ tục một"}, {"malformed_procedure_code"}),
    ("dossiers", {"KenhThucHien": "9"}, {"unknown_channel"}),
    ("dossiers", {"KenhThucHien": "online"}, {"unknown_channel"}),
    ("dossiers", {"LoaiDoiTuong": "5"}, {"!unknown_applicant_kind"}),
    ("dossiers", {"TrangThaiHoSo": "11"}, {"unknown_status"}),
    ("dossiers", {"TrangThaiHoSo": "0"}, {"unknown_status"}),
    ("dossiers", {"TrangThaiHoSo": "1.5"}, {"unknown_status"}),
    ("dossiers", {"TrangThaiHoSo": "-1"}, {"unknown_status"}),
    ("dossiers", {"TrangThaiHoSo": ""}, {"missing_status_code"}),
    ("dossiers", {"NgayNopHoSo": "hôm qua"}, {"bad_moment"}),
    ("dossiers", {"NgayTiepNhan": "20250230080000"}, {"bad_moment"}),
    ("dossiers", {"NgayTiepNhan": "2025070108300"}, {"bad_moment"}),
    ("dossiers", {"NgayHenTra": "01/07/2025"}, {"bad_moment"}),
    ("dossiers", {"NgayTra": "19000101000000"}, {"date_out_of_range"}),
    ("dossiers", {"NgayTra": "21010101000000"}, {"date_out_of_range"}),
    ("dossiers", {"NgayTuChoi": "12345"}, {"date_out_of_range"}),  # an Excel serial of 1933
    ("dossiers", {"HinhThuc": "tại nhà"}, {"!malformed_code"}),
    ("dossiers", {"DonViXuLy": "0912345678"}, {"!personal_number"}),
    ("dossiers", {"HoSoCoThanhPhanSoHoa": "maybe"}, {"!not_a_flag"}),
    ("dossiers", {"TaiLieuNop": "none"}, {"malformed_list"}),
    ("dossiers", {"TaiLieuNop": {"TepDinhKemId": "1"}}, {"malformed_list"}),
    ("dossiers", {"DSKetNoiCSDL": [7]}, {"!empty_element"}),
    ("dossiers", {"TaiLieuNop": [DOCUMENT | {"DuocSoHoa": "2"}]}, {"!not_a_flag"}),
    ("dossiers", {"DanhSachLePhi": [FEE, FEE | {"Gia": "-20000"}]}, {"negative_fee"}),
    ("dossiers", {"DanhSachLePhi": [FEE | {"Gia": "20.000đ"}]}, {"not_a_number"}),
    ("dossiers", {"DanhSachHoSoBoSung": [SUPPLEMENT | {"NgayBoSung": "soon"}]}, {"bad_moment"}),
    ("dossiers", {"DanhSachHoSoBoSung": [SUPPLEMENT | {"NgayHenTraMoi": "19000101"}]}, {"date_out_of_range"}),
    ("dossiers", {"DinhDanhCHS": [{"LoaiDinhDanh": "9"}]}, {"!unknown_identity_kind"}),
    ("dossiers", {"TrangThaiHoSo": "77", "MaTTHC": "", "NgayTra": "x", "HinhThuc": "a b"},
     {"unknown_status", "missing_procedure_code", "bad_moment", "!malformed_code"}),
    ("progress", {"MaHoSo": ""}, {"missing_dossier_code"}),
    ("progress", {"TrangThai": "12"}, {"unknown_status"}),
    ("progress", {"TrangThai": None}, {"missing_status_code"}),
    ("progress", {"ThoiDiemXuLy": "20251301000000"}, {"bad_moment"}),
    ("progress", {"NgayBatDau": "19991231235959"}, {"date_out_of_range"}),
    ("progress", {"PhongBanXuLy": "Phòng Tư pháp"}, {"!malformed_code"}),
    ("procedures", {"procedure_code": ""}, {"missing_procedure_code"}),
    ("procedures", {"execution_level": "village"}, {"unknown_execution_level"}),
    ("procedures", {"limit_unit": "fortnight"}, {"unknown_limit_unit"}),
    ("procedures", {"statutory_limit": "-3"}, {"negative_limit"}),
    ("procedures", {"online_level": "1"}, {"unknown_online_level"}),
    ("publication_decisions", {"agency_code": "XX"}, {"unknown_agency"}),
    ("publication_decisions", {"decision_date": ""}, {"missing_decision_date"}),
    ("publication_decisions", {"decision_date": "1 June"}, {"bad_moment"}),
    ("publication_decisions", {"kind": "maybe"}, {"unknown_decision_kind"}),
    ("publication_decisions", {"decision_no": ""}, {"missing_decision_no"}),
    ("petitions", {"petition_id": ""}, {"missing_petition_id"}),
    ("petitions", {"agency_code": "Z1"}, {"unknown_agency"}),
    ("petitions", {"received_at": ""}, {"missing_received_at"}),
    ("petitions", {"status": "lost"}, {"unknown_petition_status"}),
    ("petitions", {"kind": "love letter"}, {"unknown_petition_kind"}),
    ("petitions", {"likes": "-1"}, {"negative_count"}),
    ("petitions", {"dislikes": "many"}, {"not_a_number"}),
    ("petitions", {"dossier_code": "abc"}, {"!malformed_dossier_code"}),
    ("national_report_totals", {"agency_code": ""}, {"missing_agency_code"}),
    ("national_report_totals", {"month": "13"}, {"bad_period"}),
    ("national_report_totals", {"year": "25"}, {"bad_period"}),
    ("national_report_totals", {"received": "-5"}, {"negative_count"}),
    ("national_report_totals", {"received": "1e9"}, {"not_a_number"}),
    ("unit_catalogue", {"agency_code": "Đồng Nai"}, {"malformed_code"}),
    ("unit_catalogue", {"unit_level": "planet"}, {"unknown_unit_level"}),
    ("unit_catalogue", {"valid_from": ""}, {"missing_valid_from"}),
    ("unit_catalogue", {"name_vi": ""}, {"missing_name_vi"}),
]  # fmt: skip
#: What is not refused, because it is repaired or counted in dbt.
ACCEPTED: list[dict[str, Any]] = [
    {"NgayHenTra": "20250601000000"}, {"NgayTra": "20250601000000"}, {"NgayTiepNhan": ""}, {"KenhThucHien": ""},
    {"MaHoSo": "000.00.95.H19-250701-0001"}, {"MaHoSo": " h19.95-250701-0009 "}, {"MaHoSo": "H99.1-250701-0009"},
    {"TrangThaiHoSo": "01"}, {"TrangThaiHoSo": 4}, {"TrangThaiHoSo": "4.0"}, {"MaDoiTuong": "000000001"},
    {"TaiLieuNop": []}, {"TaiLieuNop": None}, {"TaiLieuNop": ""}, {"DuocThanhToanTrucTuyen": "cash"},
    {"NgayTra": "20991231000000"}, {"KhongAiBiet": "x"},
]  # fmt: skip


def poisoned(source: str) -> list[dict[str, Any]]:
    cases = [changed for at, changed, _ in ROWS if at == source]
    return [record for n, changed in enumerate(cases) for record in (good(source, 2 * n + 1, **changed),
                                                                     good(source, 2 * n + 2))]  # fmt: skip


@cache
def outcome(source: str, root: Path) -> tuple[Any, dict[str, set[str]], set[int]]:
    workplace = Records(root / source, source)
    workplace.deliver(as_lines(poisoned(source)))
    report = workplace.ingest()
    reasons: dict[str, set[str]] = {}
    for record, reason, severity, _ in workplace.quarantined():
        reasons.setdefault(record, set()).add(("!" if severity == "aside" else "") + reason)
    return report.files[0], reasons, {number for (number,) in workplace.rows(report, "record_no")}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("poison")


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        pytest.param(source, sum(s == source for s, *_ in ROWS[:n]), expected, id=f"{source}: {changed}"[:80])
        for n, (source, changed, expected) in enumerate(ROWS)
    ],
)
def test_a_bad_row_lands_where_it_should(source: str, place: int, expected: set[str], root: Path) -> None:
    file, reasons, accepted = outcome(source, root)
    number = 2 * place + 1
    assert reasons.get(f"record {number}") == expected
    is_refused = any(not reason.startswith("!") for reason in expected)
    assert (number in accepted) != is_refused
    assert number + 1 in accepted, "its neighbour goes on"
    assert file.rows_read == file.rows_accepted + file.rows_quarantined


def test_what_dbt_repairs_or_counts_is_accepted(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    records = [good("dossiers", n, **changed) for n, changed in enumerate(ACCEPTED)]
    workplace.deliver(as_lines(records))
    (file,) = workplace.ingest().files
    assert (file.status, file.rows_accepted, workplace.quarantined()) == ("accepted", len(ACCEPTED), [])


def test_malformed_lines_are_single_rows_with_their_number(tmp_path: Path) -> None:
    lines = [b'{"MaHoSo": "H19.95-250701-0001"', b"", b"<html>", b"[1]", b'"x"', as_lines([good("dossiers", 7)]),
             b'{"MaHoSo": "H19-250701-\xff"}', as_lines([good("dossiers", 8)]), b'{"a": "\x01"}', b"  ",
             as_lines([good("dossiers", 9)]), b'{"MaHoSo": NaN', b"{}",
             as_lines([good("dossiers", 10)])[:-9]]  # fmt: skip
    workplace = Records(tmp_path)
    workplace.deliver(b"\n".join(lines))
    report = workplace.ingest()
    (file,) = report.files
    assert (file.rows_read, file.rows_accepted, file.rows_quarantined) == (12, 3, 9)
    assert [number for (number,) in workplace.rows(report, "record_no")] == [6, 8, 11]
    assert {(record, reason) for record, reason, _, field in workplace.quarantined() if field == ""} == {
        ("record 1", "malformed_record"), ("record 3", "malformed_record"), ("record 4", "malformed_record"),
        ("record 5", "malformed_record"), ("record 7", "not_utf8"), ("record 9", "malformed_record"),
        ("record 12", "malformed_record"), ("record 14", "malformed_record"),
    }  # fmt: skip
    assert ("record 13", "missing_dossier_code", "error", "MaHoSo") in workplace.quarantined()


def test_malformed_lines_are_found_with_any_line_ends(tmp_path: Path) -> None:
    one, two = as_lines([good("dossiers", 1)]), as_lines([good("dossiers", 2)])
    for place, content in enumerate([b"\r\n".join([one, b"{", two]), one + b"\r\n{\n" + two + b"\r\n",
                                     (one + b"\n") * 300 + b"{\r\n" + two]):  # fmt: skip
        workplace = Records(tmp_path / str(place))
        workplace.deliver(content)
        (file,) = workplace.ingest().files
        assert file.rows_quarantined == 1
        assert [reason for _, reason, *_ in workplace.quarantined()] == ["malformed_record"]


def test_a_field_named_twice_refuses_the_record(tmp_path: Path) -> None:
    """Which of the two was meant nobody knows. A field that nobody reads may come twice. (An envelope is refused
    whole: `test_ingest_json_document`.)
    """
    records = [json.dumps(good("dossiers", n), ensure_ascii=False) for n in (1, 2, 3)]
    records[1] = records[1].replace("{", '{"NgayTra": "20250101000000", ', 1)
    records[2] = records[2].replace("{", '{"KhongAiBiet": 1, "KhongAiBiet": 2, ', 1)
    workplace = Records(tmp_path)
    workplace.deliver("\n".join(records).encode(), "a.jsonl")
    (file,) = workplace.ingest().files
    assert (file.rows_accepted, file.rows_quarantined) == (2, 1)
    assert workplace.quarantined() == [("record 2", "duplicate_key", "error", "NgayTra")]


def csv_with(changes: dict[int, tuple[bytes, bytes]], rows: int = 8) -> bytes:
    """Good steps, one a line, with something replaced in some of them."""
    header, *lines = as_csv([good("progress", n) for n in range(1, rows + 1)]).split(b"\r\n")[:-1]
    for number, (old, new) in changes.items():
        assert old in lines[number - 1]
        lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return b"\n".join([header, *lines]) + b"\n"


CODE = b"H19.95-250701-000"


OPENED = {3: (CODE, b'"' + CODE)}
#: Stray quotes, and where the reason says they are.
STRAY: list[tuple[dict[int, tuple[bytes, bytes]], str]] = [
    # Never closed: all that follows is one cell.
    (OPENED, "line 4"),
    # Closed by a stray quote of a later line, as its cell ends there: the record between is within a value.
    (OPENED | {5: (CODE + b"5", CODE + b'5"')}, "record 3"),
    # The same, whatever stands where the key of the record between should be.
    (OPENED | {4: (CODE + b"4", b""), 5: (CODE + b"5", CODE + b'5"')}, "record 3"),
    # From the last cell, to an empty line.
    (
        {3: (b",20250708170000", b',"20250708170000'), 5: (b",20250708170000", b',20250708170000\n"')},
        "record 3",
    ),
    # Closed where no cell ends.
    (OPENED | {5: (CODE, b'x"' + CODE)}, "line 4"),
    # Closed in another cell: too few of them, or too many.
    (OPENED | {4: (b"P01", b'P01"')}, "line 4"),
    ({3: (b"P01", b'"P01'), 5: (CODE + b"5", CODE + b'5"')}, "line 4"),
]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["unix", "windows", "old mac"])
@pytest.mark.parametrize(("changes", "place"), STRAY)
def test_a_stray_quote_refuses_the_file_and_not_one_row(
    tmp_path: Path, changes: dict[int, tuple[bytes, bytes]], place: str, end: bytes
) -> None:
    workplace = Records(tmp_path, "progress")
    workplace.deliver(csv_with(changes).replace(b"\n", end), "a.csv")
    (file,) = workplace.ingest().files
    assert (file.status, file.reason_codes) == ("quarantined", ("unbalanced_quote",))
    assert file.problems[0].found.startswith(place)
    assert file.problems[0].expected == "each quote closed, and doubled within a text"


@pytest.mark.parametrize("source", [source for source in GOOD if source != "dossiers"])
def test_a_stray_quote_is_found_whatever_the_codes_look_like(source: str, tmp_path: Path) -> None:
    header, *lines = as_csv([good(source, n) for n in range(1, 9)]).split(b"\r\n")[:-1]
    lines[2], lines[4] = b'"' + lines[2], lines[4].replace(b",", b'",', 1)
    workplace = Records(tmp_path, source)
    workplace.deliver(b"\n".join([header, *lines]) + b"\n", "a.csv")
    (file,) = workplace.ingest().files
    assert (file.status, file.reason_codes) == ("quarantined", ("unbalanced_quote",))


def test_a_stray_quote_is_found_where_what_it_takes_in_is_longer_than_a_record_may_be(tmp_path: Path) -> None:
    lines = csv_with({3: (CODE, b'"' + CODE)}, rows=10).split(b"\n")
    lines[5:5] = [lines[5]] * 130_000  # 9 MB of steps
    lines[-3] += b'"'
    workplace = Records(tmp_path, "progress")
    workplace.deliver(b"\n".join(lines), "a.csv")
    (file,) = workplace.ingest().files
    assert file.reason_codes == ("unbalanced_quote",)


def test_a_stray_quote_is_found_where_what_it_takes_in_is_not_utf8(tmp_path: Path) -> None:
    workplace = Records(tmp_path, "progress")
    workplace.deliver(csv_with(OPENED | {4: (b"P01", b"P\xff1"), 5: (b"P01", b'P01"')}), "a.csv")
    (file,) = workplace.ingest().files
    assert file.reason_codes == ("unbalanced_quote",)


def test_a_quote_that_takes_in_no_other_line_is_one_malformed_row(tmp_path: Path) -> None:
    workplace = Records(tmp_path, "progress")
    workplace.deliver(csv_with({8: (CODE, b'"' + CODE)}), "a.csv")
    (file,) = workplace.ingest().files
    assert (file.rows_read, file.rows_accepted, file.reason_codes) == (8, 7, ("malformed_record",))


#: After a delimiter or a line end, as a rule, where a quote opens a cell.
PLACES = st.lists(st.tuples(st.integers(0, 200), st.booleans()), min_size=1, max_size=3)


@given(source=st.sampled_from(sorted(GOOD)), rows=st.integers(2, 6), places=PLACES,
       delimiter=st.sampled_from(",;\t|"), end=st.sampled_from([b"\n", b"\r\n", b"\r"]), note=st.booleans())  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_wherever_stray_quotes_are_every_row_is_counted_or_the_file_refused(
    source: str, rows: int, places: list[tuple[int, bool]], delimiter: str, end: bytes, note: bool
) -> None:
    changed = {"GhiChu": 'nói "vậy",\nx, y'} if note else {}
    content = as_csv([good(source, n, **changed) for n in range(1, rows + 1)], delimiter)
    content = content.replace(b"\r\n", end)
    header = content.index(end) + len(end)
    for number, at_a_cell in places:
        starts = [at for at in range(header, len(content)) if content[at - 1] in delimiter.encode() + end]
        at = starts[number % len(starts)] if at_a_cell else header + number % (len(content) - header)
        content = content[:at] + b'"' + content[at:]
    with tempfile.TemporaryDirectory() as folder:
        workplace = Records(Path(folder), source)
        workplace.deliver(content, "a.csv")
        (file,) = workplace.ingest().files
    # Read in part is none of the ways out. A quote on a line of its own makes one row more.
    assert file.rows_read == 0 or file.rows_read >= rows
    assert file.rows_read == file.rows_accepted + file.rows_quarantined + file.rows_duplicate
    assert file.rows_read or (file.status, len(file.reason_codes)) == ("quarantined", 1)


def test_a_text_of_several_lines_is_no_stray_quote(tmp_path: Path) -> None:
    """An address after a line break has as many commas as a step has cells, and blanks where a code would stand."""
    workplace = Records(tmp_path, "progress")
    address = '"Ghi chú:\nTổ 5, ấp 3, xã X, huyện Y, tỉnh Z, VN, a, b, c, d"'.encode()
    header, *lines = csv_with({}).split(b"\n")[:-1]
    text = b"\n".join([header + b",GhiChu", *(line + b"," + address for line in lines)]) + b"\n"
    workplace.deliver(text, "a.csv")
    (file,) = workplace.ingest().files
    assert (file.status, file.rows_accepted) == ("accepted", 8)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_malformed_row_beside_texts_of_several_lines_is_a_single_row(tmp_path: Path, end: bytes) -> None:
    """Lines are counted where rows are malformed: empty ones of texts, and those of nothing but quotes, too."""
    header, *lines = csv_with({}).split(b"\n")[:-1]
    notes = [line + b',"a ""b""\n\n""\n, c\n"' for line in lines]
    workplace = Records(tmp_path, "progress")
    workplace.deliver(end.join([header + b",GhiChu", *notes, b"H19.95-250701-0099,x", b""]), "a.csv")
    (file,) = workplace.ingest().files
    assert (file.rows_read, file.rows_accepted, file.reason_codes) == (9, 8, ("malformed_record",))


def test_cells_of_a_sheet_are_no_stray_quotes(tmp_path: Path) -> None:
    """Their borders are beyond doubt, so that a text may look as it likes."""
    text = "x\n" + ",".join("abcdefgh")
    workplace = Records(tmp_path, "progress")
    workplace.deliver(as_xlsx([good("progress", n, GhiChu=text) for n in range(1, 4)], tmp_path), "a.xlsx")
    (file,) = workplace.ingest().files
    assert (file.status, file.rows_accepted) == ("accepted", 3)


def test_malformed_rows_of_csv_are_single_rows(tmp_path: Path) -> None:
    header, *rows = as_csv([good("progress", n) for n in range(1, 7)]).split(b"\r\n")[:-1]
    rows[1] = rows[1] + b",one,too,many"
    rows[2] = b"H19.95-250701-0003"
    rows[4] = rows[4].replace(b"P01", b"P\xff1")
    workplace = Records(tmp_path, "progress")
    workplace.deliver(b"\r\n".join([header, *rows]), "a.csv")
    report = workplace.ingest()
    (file,) = report.files
    assert (file.rows_read, file.rows_accepted, file.rows_quarantined) == (6, 3, 3)
    assert [number for (number,) in workplace.rows(report, "record_no")] == [1, 4, 6]
    assert workplace.quarantined("record, reason_code, right(row_text, 18)") == [
        ("record 2", "malformed_record", "H19.95-250701-0002"),
        ("record 3", "malformed_record", "H19.95-250701-0003"),
        ("record 5", "not_utf8", "H19.95-250701-0005"),
    ]


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 200_000_000)
    return out.getvalue()


LINES = as_lines([good("dossiers", n) for n in range(3)])
FILES: dict[str, tuple[str, Callable[[Path], bytes], str]] = {
    "empty": ("a.jsonl", lambda _: b"", "empty_file"),
    "blank": ("a.jsonl", lambda _: b" \n \n", "empty_file"),
    "only a mark": ("a.csv", lambda _: b"\xef\xbb\xbf", "empty_file"),
    "zero-byte gzip": ("a.jsonl.gz", lambda _: b"", "empty_file"),
    "gzip of nothing": ("a.jsonl.gz", lambda _: packed(b""), "empty_file"),
    "half a gzip": ("a.jsonl.gz", lambda _: packed(LINES)[:-20], "truncated_gzip"),
    "no gzip": ("a.jsonl.gz", lambda _: LINES + b"\n", "malformed_gzip"),
    "gzip unnamed": ("a.jsonl", lambda _: packed(LINES), "compressed_file"),
    "bomb": ("a.jsonl.gz", lambda _: packed(b"\0" * 200_000_000), "decompression_bomb"),
    "sheet bomb": ("a.xlsx", lambda _: zip_bomb(), "decompression_bomb"),
    "utf-16": ("a.jsonl", lambda _: LINES.decode().encode("utf-16"), "not_utf8"),
    "utf-16 without mark": ("a.csv", lambda _: LINES.decode().encode("utf-16-le"), "not_utf8"),
    "windows-1258": ("a.jsonl", lambda _: LINES.decode().replace("ấ", "â").replace("ẻ", "e").encode("cp1258"),
                     "not_utf8"),
    "html": ("a.jsonl", lambda _: b"<!DOCTYPE html><html>login</html>", "html_instead_of_json"),
    "html as json": ("a.json", lambda _: b"<html/>", "html_instead_of_json"),
    "truncated json": ("a.json", lambda _: as_envelope([good("dossiers")])[:-30], "truncated_json"),
    "list for object": ("a.json", lambda _: json.dumps([good("dossiers")]).encode(), "not_an_object"),
    "no data": ("a.json", lambda _: b'{"isUpdating": "True"}', "missing_data"),
    "data is an object": ("a.json", lambda _: b'{"data": {"MaHoSo": "x"}}', "missing_data"),
    "key twice": ("a.json", lambda _: b'{"data": [{"MaHoSo": "a", "MaHoSo": "b"}]}', "duplicate_key"),
    "foreign header": ("a.csv", lambda _: b"a,b,c\n1,2,3\n", "unknown_header"),
    "column twice": ("a.csv", lambda _: b"MaHoSo,MaHoSo\n1,2\n", "duplicate_column"),
    "no parquet": ("a.parquet", lambda _: b"PAR1 but nothing else", "malformed_parquet"),
    "half a parquet": ("a.parquet", lambda f: as_parquet([good("dossiers")], f)[:-100], "malformed_parquet"),
    "parquet without body": ("a.parquet", lambda _: b"PAR1" + b"\0" * 50 + b"PAR1", "malformed_parquet"),
    "foreign parquet": ("a.parquet", lambda f: as_parquet([{"x": "1"}], f), "unknown_header"),
    "no workbook": ("a.xlsx", lambda _: b"PK\x03\x04 no", "malformed_xlsx"),
    "foreign workbook": ("a.xlsx", lambda f: as_xlsx([{"x": "1"}], f), "unknown_header"),
    "unknown format": ("a.pdf", lambda _: b"%PDF", "unknown_format"),
    "no extension": ("dossiers", lambda _: LINES + b"\n\n", "unknown_format"),
    "gzipped workbook": ("a.xlsx.gz", lambda _: packed(b"x"), "unknown_format"),
}  # fmt: skip


@pytest.fixture(scope="module")
def refused_files(root: Path) -> dict[str, Any]:
    workplace = Records(root / "files")
    root.joinpath("files").mkdir()
    for number, (name, make, _) in enumerate(FILES.values()):
        workplace.deliver(make(root), name, f"2025-11-{number % 28 + 1:02}", f"s{number:02}")
    workplace.deliver(as_lines([good("dossiers", 99)]), "good.jsonl", sender="z")
    report = workplace.ingest()
    assert [file.status for file in report.files if file.sender == "z"] == ["accepted"]
    assert workplace.rows(report, "dossier_code") == [("H19.95-250701-0099",)]
    return {file.sender: file for file in report.files}


@pytest.mark.parametrize("kind", list(FILES))
def test_an_unreadable_file_is_quarantined_as_a_file(kind: str, refused_files: dict[str, Any]) -> None:
    file = refused_files[f"s{list(FILES).index(kind):02}"]
    same = [
        k
        for k, f in refused_files.items()
        if f.file_hash == file.file_hash and f.status != "duplicate" and k != file.sender
    ]
    if same:  # its content came before, under another name
        assert file.status == "duplicate"
        return
    assert (file.status, file.reason_codes, file.rows_accepted) == ("quarantined", (FILES[kind][2],), 0)
