"""What a value means: words for nothing, numbers with dots, codes out of spreadsheets, numbers of persons.

The files are in `tests/cases`, each kind with the right value that its sender meant; their neighbours are made here.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.cli import main
from orchestration.ingestion.report import IngestReport
from tests.unit.ingestion.record_workplace import (
    GOOD,
    MAPPINGS,
    ROOT,
    Records,
    as_csv,
    as_envelope,
    as_lines,
    as_parquet,
    good,
)

pytestmark = pytest.mark.slow

CASES = ROOT / "tests" / "cases"
FEE = GOOD["dossiers"]["DanhSachLePhi"][0]


def ingested(
    root: Path, source: str, content: bytes | str, name: str = "a.jsonl", sender: str = "H19"
) -> tuple[Records, IngestReport]:
    """`content`, or the case of that name, delivered and read."""
    workplace = Records(root, source)
    if isinstance(content, str):
        name, content = Path(content).name, (CASES / content).read_bytes()
    workplace.deliver(content, name, sender=sender)
    return workplace, workplace.ingest()


def read_one_by_one(root: Path, source: str, field: str, values: list[Any], column: str) -> list[Any]:
    """What becomes of each value of a field: what the lake holds, or the reasons for refusing it or leaving it out."""
    records = []
    for number, value in enumerate(values, 1):  # no two of them alike, even where their values mean the same
        apart = {"agency_code": f"H19.{number}"} if "agency_code" in GOOD[source] else {}
        records.append(good(source, number, **apart, **{field: value}))
    workplace, report = ingested(root, source, as_lines(records))
    found: list[Any] = [None] * len(values)
    for number, value in workplace.rows(report, f"record_no, {column}"):
        found[number - 1] = value
    for record, reason, *_ in workplace.quarantined():
        found[int(record.removeprefix("record ")) - 1] = reason
    return found


def check_all(root: Path, source: str, field: str, column: str, expected: dict[Any, Any]) -> None:
    assert (
        dict(zip(expected, read_one_by_one(root, source, field, list(expected), column), strict=True))
        == expected
    )


NOTHING = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "NULL", "null", "(null)", "nan", "NaN", "None", "N/A", "n/a", "NaT",
           "<NA>", "\\N", "-", "--", "–", "'-", " NULL ", "N/A\u00a0", "(trống)", "(Tro\u0302\u0301ng)", "''",
           "undefined", "Undefined", "UNDEFINED"]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "field", "column", "nothing"),
    [
        ("progress", "PhongBanXuLy", "room_code", None),
        ("progress", "NgayKetThucTheoQuyDinh", "due_at", None),
        ("progress", "TrangThai", "status_code", "missing_status_code"),
        ("dossiers", "MaTTHC", "procedure_code", "missing_procedure_code"),
        ("dossiers", "MaDoiTuong", "applicant_hash", None),
        ("dossiers", "HoSoCoThanhPhanSoHoa", "has_digitised_parts", None),
        ("dossiers", "DuocThanhToanTrucTuyen", "paid_online_code", None),
        ("procedures", "name_vi", "name_vi", None),
        ("procedures", "statutory_limit", "statutory_limit", None),
        ("procedures", "execution_level", "execution_level", None),
        ("petitions", "likes", "likes", None),
        ("petitions", "dossier_code", "dossier_code", None),
        ("unit_catalogue", "name_vi", "name_vi", "missing_name_vi"),
        ("unit_catalogue", "valid_to", "valid_to", None),
    ],
)
def test_words_for_nothing_are_nothing_in_every_column(
    source: str, field: str, column: str, nothing: str | None, tmp_path: Path
) -> None:
    check_all(tmp_path, source, field, column, dict.fromkeys(NOTHING, nothing))


def test_words_for_nothing_are_nothing_in_lists(tmp_path: Path) -> None:
    document = GOOD["dossiers"]["TaiLieuNop"][0]
    result = GOOD["dossiers"]["DanhSachGiayToKetQua"][0]
    records = [
        good("dossiers", n, TaiLieuNop=[document | {"MaThanhPhanHoSo": word, "TepDinhKemId": word, "DuocSoHoa": word}],
             DanhSachGiayToKetQua=[result | {"DuongDanTepTinKetQua": word, "MaGiayToKetQua": word}],
             DanhSachLePhi=[FEE | {"Gia": word}], DinhDanhCHS=[{"LoaiDinhDanh": "1", "SoDinhDanh": word}])
        for n, word in enumerate(NOTHING, 1)
    ]  # fmt: skip
    workplace, report = ingested(tmp_path, "dossiers", as_lines(records))
    assert workplace.quarantined() == []
    columns = (
        "submitted_documents[1].component_code, submitted_documents[1].document_id, submitted_documents[1].is_digitised,"
        " results[1].has_file, results[1].result_code, fees[1].price, identities[1].number_hash"
    )
    assert set(workplace.rows(report, columns)) == {(None, None, None, False, None, None, None)}


def test_the_cases_of_words_for_nothing(tmp_path: Path) -> None:
    workplace, report = ingested(tmp_path / "1", "dossiers", "f09_words_for_nothing/procedure_code.csv")
    assert report.files[0].rows_accepted == 0
    assert {reason for _, reason, *_ in workplace.quarantined()} == {"missing_procedure_code"}
    workplace, report = ingested(
        tmp_path / "2", "unit_catalogue", "f09_words_for_nothing/unit_parent_and_name.jsonl"
    )
    assert workplace.rows(report, "agency_code, parent_agency_code") == [
        (f"H19.4{n}", None) for n in range(4)
    ]
    assert [(reason, field) for _, reason, _, field in workplace.quarantined()] == [
        ("missing_name_vi", "name_vi")
    ]
    workplace, report = ingested(tmp_path / "3", "progress", "f09_words_for_nothing/error_cells.xlsx")
    assert workplace.rows(report, "room_code") == [(None,)] * 3
    assert workplace.quarantined() == []


def test_what_is_no_code_is_left_out(tmp_path: Path) -> None:
    no_codes: list[Any] = ['["P01"]', "{}", "[]", "true", "FALSE", True, {"a": 1}, ["P01"], '"P01"', "=A1", "=P01+1",
                           "7.9203E+10", "P 01", "Phòng 1"]  # fmt: skip
    found = read_one_by_one(tmp_path, "progress", "PhongBanXuLy", no_codes, "room_code")
    assert found == ["malformed_code"] * len(no_codes)


def test_codes_are_what_they_were_before_a_spreadsheet(tmp_path: Path) -> None:
    check_all(tmp_path, "progress", "PhongBanXuLy", "room_code", {
        "12.0": "12", "5.0": "5", "'P01": "P01", "'002": "002", "'P01'": "P01", "'12.0": "12", " p01\t": "P01",
        "P01\n": "P01", "\ufeffP01": "P01", "P\u200b01": "P01", "P01\u00a0": "P01", "12.10": "12.10", "1.0.0": "1.0.0",
        "12.00": "12.00", "0.5": "0.5", "2E5": "2E5", "PB-01/2": "PB-01/2",
        "KQ.G15.000456": "KQ.G15.000456", "NAM": "NAM",
    })  # fmt: skip


def test_the_cases_of_codes_out_of_spreadsheets(tmp_path: Path) -> None:
    workplace, report = ingested(tmp_path / "1", "progress", "f15_code_of_a_float_column/room_code.parquet")
    assert workplace.rows(report, "room_code") == [("12",), (None,), ("5",)]
    workplace, report = ingested(
        tmp_path / "2", "unit_catalogue", "f15_code_of_a_float_column/state_code.csv"
    )
    assert workplace.rows(report, "state_code") == [("75",)]
    workplace, report = ingested(tmp_path / "3", "progress", "f16_leading_apostrophe/codes.csv")
    assert workplace.rows(report, "room_code") == [("P01",), ("002",)]


def test_statistics_codes_of_many_digits_are_no_persons(tmp_path: Path) -> None:
    check_all(tmp_path, "unit_catalogue", "state_code", "state_code", {
        "75": "75", "21994": "21994", "75.731.26005": "75.731.26005", "'04": "04", "079203004567": "personal_number",
    })  # fmt: skip


def test_numbers_with_dots_are_read_as_the_mapping_says(tmp_path: Path) -> None:
    workplace, report = ingested(
        tmp_path / "1", "national_report_totals", "f12_thousand_dots/national_totals.csv"
    )
    assert workplace.rows(report, "received") == [(145000,), (9000,), (812,)]
    workplace, report = ingested(tmp_path / "2", "dossiers", "f12_thousand_dots/fees.jsonl")
    assert workplace.rows(report, "fees[1].price") == [(20000.0,), (150000.0,)]
    workplace, report = ingested(tmp_path / "3", "petitions", "f12_thousand_dots/petition_likes.csv")
    assert workplace.rows(report, "likes, dislikes") == [(1000, 2000)]


def test_counts_limits_and_prices_of_the_national_format(tmp_path: Path) -> None:
    check_all(tmp_path / "counts", "national_report_totals", "received", "received", {
        "145.000": 145000, "1.145.000": 1145000, "812": 812, "812.0": 812, "145,000": "not_a_number",
        "145.5": "not_a_number", "1.45.000": "not_a_number", "145 000": "not_a_number", "145.000,5": "not_a_number",
        "1,145.000": "not_a_number", "-145.000": "negative_count", 9000.0: 9000,
    })  # fmt: skip
    check_all(tmp_path / "limits", "procedures", "statutory_limit", "statutory_limit", {
        "5": 5.0, "0.5": 0.5, "1,5": 1.5, 2.5: 2.5, "5.0": 5.0, "1.000": "not_a_number", "1,000": "not_a_number",
        "1.500": "not_a_number", "-3": "negative_limit",
    })  # fmt: skip
    prices = {"20.000": 20000.0, "1.250.000": 1250000.0, "20.000,50": 20000.5, "20000.0": 20000.0, "0": 0.0,
              20000.5: 20000.5, "20,000": "not_a_number", "20.00": 20.0, "'20.000": 20000.0}  # fmt: skip
    check_prices(tmp_path / "prices", prices, "H19")


def check_prices(root: Path, prices: dict[Any, Any], sender: str) -> None:
    records = [good("dossiers", n, DanhSachLePhi=[FEE | {"Gia": p}]) for n, p in enumerate(prices, 1)]
    workplace, report = ingested(root, "dossiers", as_lines(records), sender=sender)
    found = {
        f"record {number}": price for number, price in workplace.rows(report, "record_no, fees[1].price")
    }
    found |= {record: reason for record, reason, *_ in workplace.quarantined()}
    assert dict(zip(prices, (found[f"record {n}"] for n in range(1, len(prices) + 1)), strict=True)) == prices


def test_procedure_codes_keep_their_six_digits_or_are_refused(tmp_path: Path) -> None:
    refused: dict[Any, Any] = dict.fromkeys(
        ["1.00425", "1.0", "2.001", "1.01", "2.001E+00", "1,000105", "1.0001050", 1.00425, "true"],
        "malformed_procedure_code")  # fmt: skip
    check_all(tmp_path, "dossiers", "MaTTHC", "procedure_code", refused | {
        "1.004250": "1.004250", "'2.000110": "2.000110", "1.1": "1.1", "BTP-TTHC-01": "BTP-TTHC-01",
        "1.004250.000.00.00.H19": "1.004250.000.00.00.H19", "079203004567": "personal_number",
    })  # fmt: skip


@pytest.mark.parametrize("name", ["json_numbers.jsonl", "numeric_cells.xlsx"])
def test_procedure_codes_sent_as_numbers(name: str, tmp_path: Path) -> None:
    workplace, report = ingested(tmp_path, "dossiers", f"f13_procedure_code_as_number/{name}")
    assert workplace.rows(report, "procedure_code") == []
    assert {reason for _, reason, *_ in workplace.quarantined()} == {"malformed_procedure_code"}
    assert "as a number it loses the last" in report.files[0].problems[0].expected


def hashes(root: Path, numbers: list[Any]) -> list[str | None]:
    workplace, report = ingested(
        root, "dossiers",
        as_lines([good("dossiers", n, MaDoiTuong=v, DinhDanhCHS=[{"LoaiDinhDanh": "1", "SoDinhDanh": v}])
                  for n, v in enumerate(numbers)]),
    )  # fmt: skip
    rows = workplace.rows(report, "applicant_hash, identities[1].number_hash")
    assert [a for a, _ in rows] == [b for _, b in rows]
    assert len(rows) == len(numbers)
    return [value for value, _ in rows]


def test_one_person_has_one_hash_however_the_number_is_written(tmp_path: Path) -> None:
    ways = ["001099000123", 1099000123, "1099000123", "001099000123.0", "'001099000123", "001\u00a0099000123",
            "001099000123\t", "001 099 000 123", "001.099.000.123", "001-099-000-123", "CCCD: 001099000123",
            "CCCD001099000123", "\u200e001099000123", "1099000123.0", "1.099000123E+09", "001/099/000/123",
            "001099000123\n", "\ufeff001099000123"]  # fmt: skip
    assert len(set(hashes(tmp_path / "12", ways))) == 1
    assert (
        len(set(hashes(tmp_path / "9", ["012345679", 12345679, "012 345 679", "'012345679", "12345679.0"])))
        == 1
    )
    different = hashes(tmp_path / "n", ["001099000123", "001099000124", "271828182", "B1234567", "b1234568"])
    assert len(set(different)) == 5
    assert None not in different


def test_the_cases_of_identity_numbers(tmp_path: Path) -> None:
    case = "f14_identity_number_written_otherwise"
    workplace, report = ingested(tmp_path / "1", "dossiers", f"{case}/same_person_six_ways.jsonl")
    six = workplace.rows(report, "applicant_hash")
    assert len(six) == 6
    workplace, report = ingested(tmp_path / "2", "dossiers", f"{case}/numeric_cell.xlsx")
    assert {*six, *workplace.rows(report, "applicant_hash")} == {six[0]}
    assert six[0] != (None,)


def test_words_for_nobody_have_no_hash(tmp_path: Path) -> None:
    nobody = ["000000001", "000000001.0", "'000000001", 1, "000000000", "0", "000 000 001", "không có", "Không",
              "chưa có", "x", "NULL", "-", "", None, "123456789", "123456789.0", "7.9203E+10", "000000000000",
              "0000000000000000"]  # fmt: skip
    assert hashes(tmp_path, nobody) == [None] * len(nobody)


#: One number of a person in 16 spellings and more.
PERSONAL = [
    "079203004567", "079 203 004 567", "079-203-004-567", "079.203.004.567", "0792 0300 4567", "079203004567.0",
    "X079203004567", "CCCD:079203004567", "CMND271828182", "271828182", "271 828 182", "271.828.182", "0912345678",
    "0912 345 678", "0912.345.678", "0912-345-678", "0912/345/678", "+84912345678", "84912345678", "+84 912 345 678",
    "(+84) 912345678", "(091)2345678", "(0912) 345 678", "SDT0912345678", "0912345678/1", "'079203004567", "79203004567",
    "0912-345678", "09.12.34.56.78", "02 43 826 4567", "079203004567-A", "ID:079-203-004-567",
]  # fmt: skip


def digits_left(workplace: Records, report: IngestReport) -> list[str]:
    """The files, and the report, in which the personal numbers are found, whatever is between their digits."""
    texts = {"the report": "\n".join(report.summary())}
    for file, data in workplace.all_bytes().items():
        if file.endswith(".parquet"):
            rows = workplace.query(f"select t::varchar from read_parquet('{workplace.root / file}') as t")
            texts[file] = "\n".join(row for (row,) in rows)
        texts[f"{file} as bytes"] = data.decode("latin-1")
    wanted = [
        "079203004567",
        "79203004567",
        "0912345678",
        "912345678",
        "271828182",
        "001099000123",
        "0900000000",
    ]
    bare = {file: "".join(c for c in text if c not in " ._/()-+") for file, text in texts.items()}
    return [f"{file}: {number}" for file, text in bare.items() for number in wanted if number in text]


@pytest.mark.parametrize("field", ["MaLinhVuc", "HinhThuc", "DonViXuLy", "NoiNopHoSo"])
def test_a_number_of_a_person_is_no_code(field: str, tmp_path: Path) -> None:
    records = [good("dossiers", n, **{field: value}) for n, value in enumerate(PERSONAL, 1)]
    workplace, report = ingested(tmp_path, "dossiers", as_lines(records))
    assert report.files[0].rows_accepted == len(PERSONAL)
    assert report.files[0].elements_dropped == len(PERSONAL)
    assert digits_left(workplace, report) == []


def test_a_number_of_a_person_is_no_code_of_a_list_and_no_name(tmp_path: Path) -> None:
    records = [
        good("dossiers", n, DanhSachLePhi=[FEE | {"MaPhiLePhi": value, "HinhThucThu": value, "LoaiPhiLePhi": value}],
             TaiLieuNop=[{"TepDinhKemId": value, "MaThanhPhanHoSo": value, "MaKetQuaThayThe": value}],
             DanhSachGiayToKetQua=[{"GiayToId": value, "MaThanhPhanHoSo": value, "MaGiayToKetQua": value}],
             DanhSachHoSoBoSung=[{"HoSoBoSungId": value, "TrangThaiBoSung": value}], DSKetNoiCSDL=[{"MaCSDL": value}])
        for n, value in enumerate(PERSONAL, 1)
    ]  # fmt: skip
    workplace, report = ingested(tmp_path / "lists", "dossiers", as_lines(records))
    assert report.files[0].rows_accepted == len(PERSONAL)
    assert digits_left(workplace, report) == []
    names = [good("unit_catalogue", n, name_vi=f"Phòng {value}") for n, value in enumerate(PERSONAL, 1)]
    workplace, report = ingested(tmp_path / "names", "unit_catalogue", as_lines(names))
    assert report.files[0].rows_accepted == 0
    assert digits_left(workplace, report) == []


def test_a_number_of_a_person_within_the_codes_of_dossiers_procedures_and_agencies(tmp_path: Path) -> None:
    codes = ["H19.079203004567-251205-0001", "H19.95-250701-079203004567", "H19.079.203.004.567-250701-1",
             "000.00.079203004567.H19-250701-0001", "H19.95-250701-0912-345-678", "H19.X079203004567-250701-1",
             "079203004567", "H19-250701-271828182"]  # fmt: skip
    for source, field in (("dossiers", "MaHoSo"), ("progress", "MaHoSo"), ("petitions", "dossier_code")):
        records = [good(source, n, **{field: code}) for n, code in enumerate(codes, 1)]
        workplace, report = ingested(tmp_path / source, source, as_lines(records))
        assert digits_left(workplace, report) == []
        assert len(workplace.quarantined()) == len(codes)
    agencies = ["H19.079203004567", "H19.079.203.004.567", "079203004567"]
    records = [
        good("petitions", n, agency_code=code, petition_id=PERSONAL[n]) for n, code in enumerate(agencies)
    ]
    workplace, report = ingested(tmp_path / "agencies", "petitions", as_lines(records))
    assert digits_left(workplace, report) == []


def test_identifiers_of_many_digits_are_told_apart_by_their_hash(tmp_path: Path) -> None:
    """A system may number its documents and petitions in nine digits: they must still be told apart."""
    found = read_one_by_one(tmp_path, "petitions", "petition_id", [
        "123123123", "123123124", "123123123.0", "1234567", "550e8400-e29b-41d4-a716-446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}", "H05-250701-0001-1", "20250701083000123"], "petition_id")  # fmt: skip
    assert [value.partition(":")[0] for value in found[:3]] == ["hash"] * 3
    assert found[0] == found[2] != found[1]
    assert found[3:] == ["1234567", "550e8400-e29b-41d4-a716-446655440000", "{550e8400-e29b-41d4-a716-446655440000}",
                         "H05-250701-0001-1", "20250701083000123"]  # fmt: skip


@pytest.mark.parametrize("code", ["H05-250701-0001", "000.00.95.H19", "1.004250-01", "KQ.G15.000456-01", "20250701",
                                  "H08.10", "12345678", "TP-00000001"])  # fmt: skip
def test_codes_with_many_digits_stay_codes(code: str, tmp_path: Path) -> None:
    assert read_one_by_one(tmp_path, "progress", "PhongBanXuLy", [code], "room_code") == [code]


def test_the_cases_of_personal_numbers(tmp_path: Path) -> None:
    workplace, report = ingested(tmp_path / "1", "progress", "f26_personal_numbers_in_codes/room_code.csv")
    assert workplace.rows(report, "room_code") == [(None,)] * 3
    assert {reason for _, reason, *_ in workplace.quarantined()} == {"personal_number"}
    assert digits_left(workplace, report) == []
    workplace, report = ingested(tmp_path / "2", "dossiers", "attacks/cccd_where_codes_are.jsonl")
    assert workplace.rows(report, "dossier_code, processing_unit_code, return_form_code") == [
        ("H19.95-250701-0003", None, "1"), ("H19.95-250701-0004", "H19.95", None)]  # fmt: skip
    assert digits_left(workplace, report) == []
    workplace, report = ingested(tmp_path / "3", "dossiers", "attacks/one_row_with_labelled_cccd.jsonl")
    assert workplace.rows(report, "dossier_code, return_form_code") == [("H19.95-251205-0001", None)]
    assert digits_left(workplace, report) == []


def test_fractions_of_seven_and_nine_digits_are_cut(tmp_path: Path) -> None:
    workplace, report = ingested(
        tmp_path,
        "dossiers",
        "f21_fractions_of_seven_and_nine_digits/dotnet_seven_digits.csv",
        sender="flat-vendor",
    )
    assert workplace.rows(report, "finished_at") == [(datetime(2025, 7, 7, 9, 0, 0, 123456),)]
    moment = datetime(2025, 7, 7, 9, 0, 0, 123456)
    check_all(tmp_path / "more", "dossiers", "NgayKetThucXuLy", "finished_at", {
        "2025-07-07T09:00:00.1234567+07:00": moment, "2025-07-07T09:00:00.123456789+07:00": moment,
        "2025-07-07T02:00:00.123456789Z": moment, "2025-07-07T09:00:00.1234567": moment,
        "2025-07-07T09:00:00.123456+0700": moment, "2025-07-07T09:00:00.1+07": datetime(2025, 7, 7, 9, 0, 0, 100000),
    })  # fmt: skip


@pytest.mark.parametrize("name", ["blanks_within.csv", "channel_and_flag.csv"])
def test_words_are_compared_in_nfc_with_single_blanks(name: str, tmp_path: Path) -> None:
    workplace, report = ingested(tmp_path, "dossiers", f"f22_words_decomposed/{name}", sender="flat-vendor")
    assert workplace.rows(report, "channel_code, has_digitised_parts") == [(2, True), (2, True)]


def test_names_are_in_nfc_with_nothing_invisible(tmp_path: Path) -> None:
    workplace, report = ingested(tmp_path / "1", "unit_catalogue", "f23_names_not_normal/decomposed.jsonl")
    assert workplace.rows(report, "name_vi") == [("Sở Y tế",), ("Sở Y tế",)]
    check_all(tmp_path / "2", "unit_catalogue", "name_vi", "name_vi", {
        **dict.fromkeys(["Sở  Y tế", " Sở Y tế ", "\ufeffSở Y tế", "Sở\u200b Y tế", "Sở Y \u00adtế",
                         "Sở\tY\ntế", "Sở Y tế\r\n", "\u202aSở Y tế\u202c", "Sở\u2003Y\u202ftế",
                         "'Sở Y tế", "Sở\x00 Y tế",
                         "So\u031b\u0309 Y te\u0302\u0301", "S\u01a1\u0309 Y t\u00ea\u0301"], "Sở Y tế"),
        **dict.fromkeys(["Sá»Ÿ Y táº¿", "Sá»\x9f Y táº¿", "Ä\x90á»“ng Nai", "Ä‘", "S\ufffd Y t\ufffd",
                         "S? Y t?", "S?Y t?",
                         "PhÃ²ng TÆ° phÃ¡p"], "garbled_text"),
        "XÃ HỘI": "XÃ HỘI", "Phòng «Một cửa»": "Phòng «Một cửa»", "THỊ XÃ LÂU Ở": "THỊ XÃ LÂU Ở",
        "Xã Ia O’": "Xã Ia O’", "UBND P.1 (Q.3)": "UBND P.1 (Q.3)",
    })  # fmt: skip


@pytest.mark.parametrize("name", ["text", "twice"])
def test_a_field_may_be_called_as_a_column_of_ours(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = CASES / "f24_field_named_like_an_inner_column"
    assert main(["check-mapping", str(folder / f"{name}.yml"), str(folder / f"{name}.csv")]) == 0
    assert "2 of 2 rows would be accepted" in capsys.readouterr().out


MAPPING = """\
mapping: m
version: 1
moments: {formats: ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d"], zone: "+07:00"}
sources:
  progress:
    columns: {dossier_code: code, status_code: status, room_code: FIELD}
"""


def by_mapping(
    root: Path, text: str, source: str, content: bytes, name: str = "a.jsonl"
) -> tuple[Records, IngestReport]:
    """`content` of a sender whose mapping `m` is `text`."""
    mappings = root / "mappings"
    mappings.mkdir(parents=True)
    (mappings / "m.yml").write_text(text, encoding="utf-8")
    (mappings / "national_exchange.yml").write_bytes((MAPPINGS / "national_exchange.yml").read_bytes())
    (mappings / "senders.yml").write_text("v: m\n")
    workplace = Records(root, source, mappings)
    workplace.deliver(content, name, sender="v")
    return workplace, workplace.ingest()


INNER = ["text", "TEXT", "twice", "record_no", "Record_No", "line", "w", "kinds", "keys", "is_malformed", "bad_lists",
         "source_file", "file_hash", "sender", "wire_fees", "raw_room_code", "dossier_code", "field_0", "is_known",
         "content", "list_text", "contents", "told", "c0", "is_other", "is_suspect", "v", "x", "status_code"]  # fmt: skip


@pytest.mark.parametrize("kind", ["jsonl", "json", "csv", "parquet"])
def test_any_name_of_a_field_is_read_in_every_format(kind: str, tmp_path: Path) -> None:
    for field in INNER:
        records = [{"code": f"H19.95-250701-000{n}", "status": "4", field: "LV07"} for n in (1, 2)]
        root = tmp_path / field
        root.mkdir()
        contents = {"jsonl": as_lines(records), "json": as_envelope(records), "csv": as_csv(records)}
        content = contents.get(kind) or as_parquet(records, root)
        workplace, report = by_mapping(
            root, MAPPING.replace("FIELD", field), "progress", content, f"a.{kind}"
        )
        assert workplace.rows(report, "room_code") == [("LV07",), ("LV07",)], (field, report.summary())


MOMENTS = """\
mapping: m
version: 1
moments: {formats: FORMATS, zone: ZONE, excel_serials: true}
sources:
  progress:
    columns: {dossier_code: code, status_code: status, acted_at: at}
"""


def moments_by(root: Path, zone: str, formats: str, values: list[str]) -> list[datetime | None]:
    text = MOMENTS.replace("ZONE", zone).replace("FORMATS", formats)
    records = [
        {"code": f"H19.95-250701-{n:04}", "status": "4", "at": value} for n, value in enumerate(values)
    ]
    workplace, report = by_mapping(root, text, "progress", as_lines(records))
    assert workplace.quarantined() == [], report.summary()
    return [value for (value,) in workplace.rows(report, "acted_at")]


DAYS = '["%d/%m/%Y %H:%M:%S", "%d/%m/%Y"]'


@pytest.mark.parametrize(
    "zone",
    ['"+00:00"', '"+09:00"', '"-05:00"', '"+07:00"', '"+05:30"', "Asia/Tokyo", "America/New_York", "UTC"],
)
def test_a_date_without_a_time_is_its_midnight_in_any_zone(zone: str, tmp_path: Path) -> None:
    assert moments_by(tmp_path, zone, DAYS, ["01/07/2025", "45839"]) == [datetime(2025, 7, 1)] * 2


@pytest.mark.parametrize("name", ["tokyo", "utc"])
def test_the_cases_of_dates_without_a_time(name: str, tmp_path: Path) -> None:
    folder = CASES / "f25_date_without_time_moved_by_zone"
    text = (folder / f"{name}.yml").read_text(encoding="utf-8").replace(f"mapping: {name}", "mapping: m")
    content = (folder / f"{name}.csv").read_bytes()
    workplace, report = by_mapping(tmp_path, text, "dossiers", content, "a.csv")
    assert workplace.rows(report, "received_at, due_at") == [(datetime(2025, 7, 1), datetime(2025, 7, 8))]


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ('"+09:00"', datetime(2025, 1, 15, 10), datetime(2025, 7, 15, 10)),
        ("Asia/Tokyo", datetime(2025, 1, 15, 10), datetime(2025, 7, 15, 10)),
        ("Asia/Ho_Chi_Minh", datetime(2025, 1, 15, 12), datetime(2025, 7, 15, 12)),
        # 12:00 there is 17:00 UTC in winter, 16:00 in summer.
        ("America/New_York", datetime(2025, 1, 16, 0), datetime(2025, 7, 15, 23)),
        # 11:00 UTC in winter, 10:00 in summer.
        ("Europe/Amsterdam", datetime(2025, 1, 15, 18), datetime(2025, 7, 15, 17)),
    ],
)
def test_zones_go_by_name_with_their_summer_time(
    zone: str, winter: datetime, summer: datetime, tmp_path: Path
) -> None:
    values = ["15/01/2025 12:00:00", "15/07/2025 12:00:00"]
    assert moments_by(tmp_path, zone, DAYS, values) == [winter, summer]


def test_twelve_hours_and_their_halves_of_a_day(tmp_path: Path) -> None:
    formats = '["%m/%d/%Y %I:%M:%S %p", "%-d.%-m.%Y %-H:%M"]'
    values = ["01/31/2025 11:59:59 PM", "01/31/2025 12:00:00 AM", "01/31/2025 12:30:00 PM", "01/31/2025 08:05:00 am",
              "01/31/2025 08:05:00 CH", "01/31/2025 08:05:00 SA", "3.7.2025 8:05"]  # fmt: skip
    assert moments_by(tmp_path, '"+07:00"', formats, values) == [
        datetime(2025, 1, 31, 23, 59, 59), datetime(2025, 1, 31), datetime(2025, 1, 31, 12, 30),
        datetime(2025, 1, 31, 8, 5), datetime(2025, 1, 31, 20, 5),
        datetime(2025, 1, 31, 8, 5), datetime(2025, 7, 3, 8, 5),
    ]  # fmt: skip


def test_a_foreign_midnight_is_a_date_where_the_mapping_says_so(tmp_path: Path) -> None:
    formats = '["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d %H:%M:%S"], midnight_is_date: true'
    values = ["2025-07-01T00:00:00-05:00", "2025-07-01T00:00:00Z", "2025-07-01 00:00:00", "2025-07-01 00:00:01",
              "2025-07-01T08:00:00+09:00"]  # fmt: skip
    midnight = datetime(2025, 7, 1)
    assert moments_by(tmp_path / "1", '"+09:00"', formats, values) == [
        midnight, midnight, midnight, datetime(2025, 6, 30, 22, 0, 1), datetime(2025, 7, 1, 6)]  # fmt: skip
    moments = moments_by(
        tmp_path / "2", '"+09:00"', formats.partition(",  midnight")[0].replace("true", "false"), values
    )
    assert moments[0] == datetime(2025, 7, 1, 12)


def test_a_date_is_the_day_that_was_written_at_midnight(tmp_path: Path) -> None:
    """Of a column that holds days, midnight in any zone is that day; another time is the day here."""
    found = read_one_by_one(tmp_path, "publication_decisions", "legal_effect_date", [
        "2025-07-01T00:00:00+09:00", "2025-07-01T00:00:00Z", "2025-06-30T17:00:00Z", "20250701"],
        "legal_effect_date::varchar")  # fmt: skip
    assert found == ["2025-07-01"] * 4


def test_codes_by_template_and_an_empty_value_that_means_something(tmp_path: Path) -> None:
    text = """\
mapping: m
version: 1
moments: {formats: ["%Y-%m-%d"], zone: "+07:00"}
nothing: [chưa cấp]
sources:
  progress:
    columns:
      dossier_code: {template: "H19.95-{opened:%y%m%d}-{case:04}"}
      acted_at: opened
      status_code: {from: state, values: {"": 4, "-": 1, none: 2, Đã Xong: 9}}
      room_code: {template: "P-{room}"}
"""
    rows = [("7", "2025-07-01", "", "1"), ("12345", "2025-07-02", "-", None), ("8", "2025-07-03", "NONE", "chưa cấp"),
            ("9", "2025-07-04", "đã  xong", "2"), ("A-1", "2025-07-05", None, "3"), ("10", "", "", "1"),
            (None, "2025-07-01", "", "1"), ("11", "2025-07-06", "N/A", "1")]  # fmt: skip
    records = [dict(zip(("case", "opened", "state", "room"), row, strict=True)) for row in rows]
    workplace, report = by_mapping(tmp_path, text, "progress", as_lines(records))
    assert workplace.rows(report, "dossier_code, status_code, room_code") == [
        ("H19.95-250701-0007", 4, "P-1"), ("H19.95-250702-12345", 1, None), ("H19.95-250703-0008", 2, None),
        ("H19.95-250704-0009", 9, "P-2"), ("H19.95-250705-0A-1", 4, "P-3"), ("H19.95-250706-0011", 4, "P-1")]  # fmt: skip
    assert [(record, reason, field) for record, reason, _, field in workplace.quarantined()] == [
        ("record 6", "missing_dossier_code", "opened and case"),
        ("record 7", "missing_dossier_code", "opened and case")]  # fmt: skip


def test_numbers_of_an_english_mapping_and_of_one_that_does_not_say(tmp_path: Path) -> None:
    text = MAPPING.replace("version: 1\n", "version: 1\nNUMBERS").replace(
        "  progress:\n    columns: {dossier_code: code, status_code: status, room_code: FIELD}\n",
        "  national_report_totals:\n    columns: {agency_code: a, year: y, month: m, received: n}\n")  # fmt: skip
    values = ["145,000", "145.000", "1,145,000", "145.0", "145", "1.145.000", "145,5"]
    records = [{"a": "H19", "y": "2025.0", "m": str(n), "n": value} for n, value in enumerate(values, 1)]
    expectations = {
        'numbers: {thousands: ",", decimal: "."}\n': [145000, None, 1145000, 145, 145, None, None],
        'numbers: {thousands: "", decimal: "."}\n': [None, 145, None, 145, 145, None, None],
        'numbers: {thousands: ".", decimal: ","}\n': [None, 145000, None, 145, 145, 1145000, None],
        "": [None, None, None, 145, 145, None, None],
    }
    for place, (numbers, expected) in enumerate(expectations.items()):
        root = tmp_path / str(place)
        workplace, report = by_mapping(
            root, text.replace("NUMBERS", numbers), "national_report_totals", as_lines(records)
        )
        found = dict(workplace.rows(report, "month, received"))
        assert [found.get(n) for n in range(1, len(values) + 1)] == expected, numbers
