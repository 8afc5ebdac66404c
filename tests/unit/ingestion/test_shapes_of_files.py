"""Files as people's programs write them: sheets, headers, line ends. What is not read is named, never lost in silence."""

from __future__ import annotations

import io
import re
import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest

from orchestration.ingestion.problems import Problem
from tests.unit.ingestion.record_workplace import (
    MAPPINGS,
    Records,
    as_csv,
    as_envelope,
    as_lines,
    as_parquet,
    good,
)

pytestmark = pytest.mark.slow

CASES = Path(__file__).parents[2] / "cases"
DUE = datetime(2025, 7, 8, 17)
STARTED = datetime(2025, 7, 1, 8, 30)
STEPS = [good("progress", number) for number in (1, 2, 3)]
HEADER = list(STEPS[0])


def read(root: Path, name: str, content: bytes, source: str = "progress") -> tuple[Any, Any, Records]:
    """The outcome of one file, the report, and the warehouse."""
    workplace = Records(root, source)
    workplace.deliver(content, name, "2025-12-03")
    report = workplace.ingest()
    assert report.unread == ()
    (file,) = report.files
    return file, report, workplace


def case(root: Path, path: str, source: str = "progress") -> tuple[Any, Any, Records]:
    return read(root, Path(path).name, (CASES / path).read_bytes(), source)


def notes(file: Any) -> list[Problem]:
    return [problem for problem in file.problems if problem.record == "$"]


def book(*rows: list[Any], edit: Callable[[Any], None] | None = None) -> bytes:
    """A workbook with one sheet, `edit`ed further."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if edit:
        edit(made)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def cells(number: int = 1, **changed: Any) -> list[Any]:
    return [(good("progress", number) | changed)[name] or None for name in HEADER]


def with_xml(content: bytes, change: Callable[[str], str], part: str = "xl/worksheets/sheet1.xml") -> bytes:
    """The workbook with one of its parts written otherwise."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, change(data.decode()).encode() if name == part else data)
    return out.getvalue()


# Sheets larger or smaller than they say.


@pytest.mark.parametrize("name", ["formatted_cell_at_XFD1048576.xlsx", "formatted_cell_at_XFD20000.xlsx"])
def test_a_formatted_cell_at_the_far_end_costs_nothing(name: str, tmp_path: Path) -> None:
    start = time.monotonic()
    file, *_ = case(tmp_path, f"f07_stray_far_cell/{name}")
    assert (file.rows_accepted, file.status, file.problems) == (2, "accepted", ())
    assert time.monotonic() - start < 20


@pytest.mark.parametrize("place", ["XFD1048576", "XFD2", "A1048576", "Z500000"])
def test_a_stray_value_far_away_is_named_or_judged(place: str, tmp_path: Path) -> None:
    def edit(made: Any) -> None:
        made.active[place] = "x"

    start = time.monotonic()
    file, *_ = read(tmp_path, "a.xlsx", book(HEADER, cells(), edit=edit))
    assert time.monotonic() - start < 20
    assert file.rows_accepted == 1
    if place.startswith("A"):  # below a column that has a name: a record, without all the rest
        assert file.rows_quarantined == 1
    elif place != "XFD2":  # in the row of a record it changes nothing
        assert [note.reason_code for note in notes(file)] == ["value_outside_columns"]


@pytest.mark.parametrize(
    "path", sorted((CASES / "f05_sheet_dimension_too_small").glob("*.xlsx")), ids=lambda p: p.stem
)
def test_rows_beyond_the_dimension_of_a_sheet_are_read(path: Path, tmp_path: Path) -> None:
    file, report, workplace = read(tmp_path, path.name, path.read_bytes())
    assert (file.rows_accepted, file.status) == (10, "accepted")
    assert workplace.rows(report, "distinct due_at, started_at, room_code, status_code") == [
        (DUE, STARTED, "P01", 4)
    ] or set(workplace.rows(report, "due_at")) == {(DUE,)}


@pytest.mark.parametrize("dimension", ["A1:B2", "A1", "", "A1:XFD1048576", "C3:D4"])
def test_a_dimension_is_not_believed(dimension: str, tmp_path: Path) -> None:
    said = f'<dimension ref="{dimension}"/>' if dimension else ""
    content = with_xml(book(HEADER, cells(1), cells(2)), lambda xml: re.sub("<dimension[^>]*/>", said, xml))
    file, report, workplace = read(tmp_path, "a.xlsx", content)
    assert (file.rows_accepted, workplace.rows(report, "due_at")) == (2, [(DUE,), (DUE,)])


def test_a_hundred_rows_of_which_the_dimension_knows_ten(tmp_path: Path) -> None:
    file, *_ = case(tmp_path, "attacks/dimension_says_10_of_100.xlsx", "dossiers")
    assert (file.rows_accepted, file.status) == (100, "accepted")


# Several sheets.


def codes(report: Any, workplace: Records) -> list[int]:
    return [int(code[-4:]) for (code,) in workplace.rows(report, "dossier_code")]


def test_all_sheets_with_records_are_read(tmp_path: Path) -> None:
    _, report, workplace = case(tmp_path, "f06_several_sheets/two_sheets_with_rows.xlsx")
    assert codes(report, workplace) == [1, 2, 3, 11, 12, 13, 14, 15]


def test_a_cover_sheet_is_named(tmp_path: Path) -> None:
    file, report, workplace = case(tmp_path, "f06_several_sheets/cover_sheet_first.xlsx")
    assert codes(report, workplace) == [1, 2, 3]
    (note,) = notes(file)
    assert (note.reason_code, "'Huong dan'" in note.found) == ("sheet_not_read", True)
    assert file.status == "accepted" and not report.is_blocked
    assert any("sheet_not_read" in line for line in report.summary())
    assert workplace.quarantined() == [("$", "sheet_not_read", "note", "")]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_not_read_but_named(state: str, tmp_path: Path) -> None:
    def edit(made: Any) -> None:
        made.active.sheet_state = state
        made.active.title = "Cũ"
        seen = made.create_sheet("Mới")
        for row in [HEADER, cells(11), cells(12)]:
            seen.append(row)
        made.active = 1

    file, report, workplace = read(tmp_path, "a.xlsx", book(HEADER, cells(1), edit=edit))
    assert codes(report, workplace) == [11, 12]
    assert ["hidden sheet 'Cũ'" in note.found for note in notes(file)] == [True]


def test_columns_of_a_second_sheet_may_lie_in_another_order(tmp_path: Path) -> None:
    def edit(made: Any) -> None:
        second = made.create_sheet()
        for row in [HEADER, cells(2, PhongBanXuLy="P02")]:
            second.append(row[::-1])
        made.create_sheet("empty")

    file, report, workplace = read(tmp_path, "a.xlsx", book(HEADER, cells(1), edit=edit))
    assert workplace.rows(report, "room_code, due_at") == [("P01", DUE), ("P02", DUE)]
    assert notes(file) == []


def test_sheets_without_records_are_refused_with_the_sheet(tmp_path: Path) -> None:
    title = book(["Báo cáo tiến độ tháng 7"], [], HEADER, cells())
    file, *_ = read(tmp_path / "title", "a.xlsx", title)
    assert file.reason_codes == ("line_before_header",)
    assert "sheet 'Sheet': the names of the columns in row 3" in file.problems[0].found
    file, *_ = read(tmp_path / "empty", "a.xlsx", book())
    assert file.reason_codes == ("empty_file",)

    def hide(made: Any) -> None:
        made.active.sheet_state = "hidden"
        made.create_sheet("seen")

    file, *_ = read(tmp_path / "hidden", "a.xlsx", book(HEADER, cells(), edit=hide))
    assert "hidden sheets only" in file.problems[0].found


# Cells.


def test_formulas_are_their_cached_value(tmp_path: Path) -> None:
    _, report, workplace = case(tmp_path / "1", "f08_formulas/room_code_is_formula.xlsx")
    assert set(workplace.rows(report, "room_code")) == {("P01",)}
    _, report, workplace = case(tmp_path / "2", "f08_formulas/unit_name_is_formula.xlsx", "unit_catalogue")
    assert workplace.rows(report, "name_vi") == [("SỞ A",)]


@pytest.mark.parametrize(
    "formula",
    ['<f>A2&amp;"x"</f>', '<f t="array" ref="D2:D2">SUM(1)</f>', '<f t="shared" ref="D2:D3" si="0">1+1</f>',
     "<f>1+1</f><v></v>"],
)  # fmt: skip
def test_a_formula_without_a_value_is_reported_by_its_row(formula: str, tmp_path: Path) -> None:
    def calculate(xml: str) -> str:
        return re.sub('<c r="D2"[^>]*>.*?</c>', f'<c r="D2">{formula}</c>', xml)

    content = with_xml(book(HEADER, cells()), calculate)
    file, *_ = read(tmp_path, "a.xlsx", content)
    assert file.reason_codes == ("formula_without_value",)
    assert "row 2" in file.problems[0].found and "SUM" not in str(file.problems[0])


@pytest.mark.parametrize(
    ("cell", "expected"),
    [('<c r="D2" t="str"><f>""</f><v></v></c>', None), ('<c r="D2"><f>6+6</f><v>12</v></c>', "12"),
     ('<c r="D2" t="array"><f t="array" ref="D2">1</f><v>5</v></c>', "5"),
     ('<c r="D2"><v>12.0</v></c>', "12"), ('<c r="D2"><v>1.2E1</v></c>', "12"),
     ('<c r="D2"><v>1.0042500000000001</v></c>', "1.00425"), ('<c r="D2" t="b"><v>1</v></c>', "1"),
     ('<c r="D2" t="inlineStr"><is><r><t>P</t></r><r><t>01</t></r></is></c>', "P01")],
)  # fmt: skip
def test_a_cell_is_what_the_sheet_shows(cell: str, expected: str | None, tmp_path: Path) -> None:
    content = with_xml(book(HEADER, cells()), lambda xml: re.sub('<c r="D2"[^>]*>.*?</c>', cell, xml))
    _, report, workplace = read(tmp_path, "a.xlsx", content)
    assert workplace.rows(report, "room_code") == [(expected,)]


def test_digits_that_a_float_has_lost_are_not_made_up(tmp_path: Path) -> None:
    """National numbers of twelve digits are whole; of seventeen digits a float keeps fifteen."""
    content = book(HEADER, cells(1), cells(2))
    for place, number in (("D2", "20250701083000123"), ("D3", "2.0250701083000124E16")):
        cell = f'<c r="{place}"><v>{number}</v></c>'
        content = with_xml(content, lambda xml, p=place, c=cell: re.sub(f'<c r="{p}"[^>]*>.*?</c>', c, xml))  # type: ignore[misc]
    _, report, workplace = read(tmp_path, "a.xlsx", content)
    assert workplace.rows(report, "room_code") == [("20250701083000123",), (None,)]


def test_moments_of_cells_are_whole_seconds(tmp_path: Path) -> None:
    _, report, workplace = case(tmp_path, "f10_second_cut_off/date_cells_0830_and_1700.xlsx")
    assert workplace.rows(report, "acted_at") == [(STARTED,), (datetime(2025, 7, 1, 17),)]


@pytest.mark.parametrize(
    ("serial", "expected"),
    [("45839.999999", datetime(2025, 7, 2)), ("45839", datetime(2025, 7, 1)),
     ("45839.708333332994", datetime(2025, 7, 1, 17)), ("45839.3541666667", STARTED)],
)  # fmt: skip
def test_serials_are_rounded_to_the_second(serial: str, expected: datetime, tmp_path: Path) -> None:
    content = book(HEADER, cells(1, ThoiDiemXuLy=datetime(2000, 1, 1)))
    content = with_xml(content, lambda xml: re.sub('(<c r="C2"[^>]*)>.*?</c>', rf"\1><v>{serial}</v></c>", xml)
                       .replace(' t="d"', ""))  # fmt: skip
    _, report, workplace = read(tmp_path, "a.xlsx", content)
    assert workplace.rows(report, "acted_at") == [(expected,)]


def test_workbooks_that_count_from_1904(tmp_path: Path) -> None:
    _, report, workplace = case(tmp_path, "f11_1904_workbook/serial_without_date_format.xlsx")
    assert workplace.rows(report, "acted_at") == [(STARTED,), (STARTED,)]


def test_only_moments_are_counted_from_1904(tmp_path: Path) -> None:
    def edit(made: Any) -> None:
        made.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904

    row = cells(1, ThoiDiemXuLy=44377, NgayBatDau=44377.3541666667, PhongBanXuLy=44377)
    _, report, workplace = read(tmp_path, "a.xlsx", book(HEADER, row, edit=edit))
    assert workplace.rows(report, "acted_at, started_at, room_code") == [
        (datetime(2025, 7, 1), STARTED, "44377")
    ]


# What is no workbook that can be read.


def ole(word: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + word.encode("utf-16-le") + b"\0" * 600


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


NO_BOOKS = {
    "with a password": ("a.xlsx", ole("EncryptedPackage"), "encrypted_workbook", "password"),
    "old, renamed": ("a.xlsx", ole("Workbook"), "unknown_format", ".xls"),
    "old, bare": ("a.xlsx", b"\x09\x08\x10\x00" + b"\0" * 99, "unknown_format", ".xls"),
    "old": ("a.xls", ole("Workbook"), "unknown_format", "old Excel workbook (.xls)"),
    "binary": ("a.xlsb", zipped("xl/workbook.bin"), "unknown_format", "(.xlsb)"),
    "binary, renamed": ("a.xlsx", zipped("xl/workbook.bin"), "unknown_format", "(.xlsb)"),
    "open document": ("a.ods", zipped("mimetype", "content.xml"), "unknown_format", "(.ods)"),
    "open document, renamed": ("a.xlsx", zipped("mimetype", "content.xml"), "unknown_format", "(.ods)"),
    "page": (
        "a.xlsx",
        b"<html><table><tr><td>MaHoSo</td></tr></table></html>",
        "html_instead_of_workbook",
        "HTML",
    ),
    "text": ("a.xlsx", as_csv(STEPS), "malformed_xlsx", "no workbook"),
    "archive": ("a.xlsx", zipped("a.csv"), "malformed_xlsx", "KeyError"),
}


@pytest.mark.parametrize("kind", NO_BOOKS)
def test_what_is_no_workbook_is_named_for_what_it_is(kind: str, tmp_path: Path) -> None:
    name, content, reason, found = NO_BOOKS[kind]
    file, *_ = read(tmp_path, name, content)
    assert (file.status, file.reason_codes) == ("quarantined", (reason,))
    assert found in file.problems[0].found


@pytest.mark.parametrize(
    "path", sorted((CASES / "f04_encrypted_zip_as_xlsx").glob("*")), ids=lambda path: path.stem
)
def test_encrypted_parts_are_reported_as_such(path: Path, tmp_path: Path) -> None:
    file, *_ = read(tmp_path, path.name, path.read_bytes())
    assert (file.status, file.reason_codes) == ("quarantined", ("encrypted_workbook",))


# Names of columns.

CSV = as_csv(STEPS)
ODD_NAMES: dict[str, Callable[[str], str]] = {
    "capitals": str.upper,
    "small": str.lower,
    "zero width": lambda name: name[:2] + "\u200b" + name[2:] + "\ufeff",
    "no-break blank": lambda name: "\u00a0" + name + "\u00a0",
    "blanks": lambda name: f"  {name}\t",
    "soft hyphen": lambda name: name[:4] + "\u00ad" + name[4:],
    "quoted twice": lambda name: f'"""{name}"""',
    "apostrophe": lambda name: f"'{name}",
    "line break": lambda name: f'"{name[:4]}\n{name[4:]}"',
    "windows break": lambda name: f'"{name[:4]}\r\n{name[4:]}"',
    "full width": lambda name: "".join(chr(ord(c) + 0xFEE0) for c in name),
}


@pytest.mark.parametrize("kind", ODD_NAMES)
def test_names_that_people_take_for_the_same_are_the_same(kind: str, tmp_path: Path) -> None:
    header, rest = CSV.split(b"\r\n", 1)
    odd = ",".join(map(ODD_NAMES[kind], header.decode().split(",")))
    file, report, workplace = read(tmp_path, "a.csv", odd.encode() + b"\r\n" + rest)
    assert (file.rows_accepted, file.problems) == (3, ())
    assert set(workplace.rows(report, "due_at, started_at")) == {(DUE, STARTED)}


@pytest.mark.parametrize("name", ["zero_width_space_in_header.csv", "lower_case_column.parquet"])
def test_names_slightly_off_are_read(name: str, tmp_path: Path) -> None:
    file, report, workplace = case(tmp_path, f"f17_column_name_slightly_off/{name}")
    assert (file.problems, set(workplace.rows(report, "due_at"))) == ((), {(DUE,)})


@pytest.mark.parametrize("name", ["all_headers_decomposed.csv", "due_header_decomposed.csv"])
def test_accents_are_letters_of_their_own_or_not(name: str, tmp_path: Path) -> None:
    shutil.copytree(MAPPINGS, tmp_path / "mappings")
    shutil.copy(CASES / "viet.yml", tmp_path / "mappings")
    (tmp_path / "mappings/senders.yml").write_text("V: viet\n", encoding="utf-8")
    workplace = Records(tmp_path, "dossiers", tmp_path / "mappings")
    workplace.deliver((CASES / "f17_column_name_slightly_off" / name).read_bytes(), name, sender="V")
    report = workplace.ingest()
    assert workplace.rows(report, "due_at") == [(DUE,), (datetime(2025, 7, 9, 17),)]


def without(name: str) -> list[dict[str, Any]]:
    return [{key: value for key, value in step.items() if key != name} for step in STEPS]


LACKING = without("NgayKetThucTheoQuyDinh")
AS_FORMATS: dict[str, Callable[[list[dict[str, Any]], Path], bytes]] = {
    "csv": lambda records, _: as_csv(records),
    "xlsx": lambda records, _: book(list(records[0]), *(list(record.values()) for record in records)),
    "parquet": as_parquet,
}


@pytest.mark.parametrize("suffix", AS_FORMATS)
def test_a_mapped_column_that_is_not_in_the_file_is_named(suffix: str, tmp_path: Path) -> None:
    tmp_path.joinpath("w").mkdir()
    content = AS_FORMATS[suffix](LACKING, tmp_path)
    file, report, workplace = read(tmp_path / "w", f"a.{suffix}", content)
    assert (file.status, file.rows_accepted, file.rows_quarantined, file.elements_dropped) == (
        "accepted",
        3,
        0,
        0,
    )
    (note,) = notes(file)
    assert (note.reason_code, note.field) == ("column_not_in_file", "NgayKetThucTheoQuyDinh")
    assert "NguoiXuLy" in note.found, "what is there and not mapped may be it"
    assert workplace.quarantined() == [("$", "column_not_in_file", "note", "NgayKetThucTheoQuyDinh")]
    ((said,),) = workplace.query(f"select problems from '{report.pending_dir}/files.parquet'")
    assert ["column_not_in_file" in line for line in said] == [True]


@pytest.mark.parametrize("suffix", AS_FORMATS)
def test_without_a_column_that_every_row_needs_the_file_is_refused(suffix: str, tmp_path: Path) -> None:
    tmp_path.joinpath("w").mkdir()
    file, *_ = read(tmp_path / "w", f"a.{suffix}", AS_FORMATS[suffix](without("MaHoSo"), tmp_path))
    assert (file.status, file.reason_codes) == ("quarantined", ("missing_column",))
    assert "no column MaHoSo; the file has NguoiXuLy" in file.problems[0].found


def test_json_leaves_out_what_is_empty(tmp_path: Path) -> None:
    file, *_ = read(tmp_path, "a.jsonl", as_lines(LACKING))
    assert (file.rows_accepted, file.problems) == (3, ())


@pytest.mark.parametrize("write", [as_lines, as_envelope], ids=["lines", "envelope"])
@pytest.mark.parametrize(
    "key", ["ngayKetThucTheoQuyDinh", "NgayKetThucTheoQuyDinh\u200b", "Ngay Ket Thuc Theo Quy Dinh "]
)
def test_a_json_key_that_is_a_field_but_for_how_it_is_written_is_named(
    key: str, write: Callable[[list[Any]], bytes], tmp_path: Path
) -> None:
    """Unlike one that is left out, it was meant to be read."""
    named = [
        {key if field == "NgayKetThucTheoQuyDinh" else field: value for field, value in step.items()}
        for step in STEPS
    ]
    file, *_ = read(tmp_path, "a.json" if write is as_envelope else "a.jsonl", write(named))
    (note,) = notes(file)
    assert (note.reason_code, note.field) == ("column_not_in_file", "NgayKetThucTheoQuyDinh")
    assert ascii(key) in note.found
    assert file.rows_accepted == 3


def test_a_json_key_of_a_list_is_compared_too_and_an_exact_one_counts(tmp_path: Path) -> None:
    fee = {"TenPhiLePhi": "x", "maphilephi": "P1", "Gia": "20000"}
    file, *_ = read(tmp_path / "a", "a.jsonl", as_lines([good("dossiers", DanhSachLePhi=[fee])]), "dossiers")
    assert [(note.field, note.found) for note in notes(file)] == [
        ("MaPhiLePhi", "keys that are written otherwise: 'maphilephi'")
    ]
    file, *_ = read(
        tmp_path / "b",
        "a.jsonl",
        as_lines([good("dossiers", DanhSachLePhi=[fee | {"MaPhiLePhi": "P2"}])]),
        "dossiers",
    )
    assert notes(file) == []


def test_the_case_that_lacks_its_due_column_is_reported(tmp_path: Path) -> None:
    file, *_ = case(tmp_path, "f17_column_name_slightly_off/due_column_not_there.csv")
    assert [(note.reason_code, note.field) for note in notes(file)] == [
        ("column_not_in_file", "NgayKetThucTheoQuyDinh")
    ]


def test_a_column_named_twice_in_other_letters_is_refused_unless_one_is_exact(tmp_path: Path) -> None:
    twice = CSV.replace(b"NguoiXuLy", b"nGAYbatdau", 1)
    file, report, workplace = read(tmp_path / "exact", "a.csv", twice)
    assert set(workplace.rows(report, "started_at")) == {(STARTED,)}
    file, *_ = read(tmp_path / "twice", "a.csv", twice.replace(b"NgayBatDau", b"ngaybatdau", 1))
    assert file.reason_codes == ("duplicate_column",)


# Parquet columns of any name.


@pytest.mark.parametrize(
    "name",
    ["file_row_number", "FILE_ROW_NUMBER", "filename", "FileName", "record_no", "text", "rowid", "file_index", "c0",
     "bad_lists", "mahoso", 'a"b', "hive", "nGAYketTHUC"],
)  # fmt: skip
def test_other_columns_of_a_parquet_file_may_have_any_name(name: str, tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        columns = ", ".join(f"'{value}' as \"{key}\"" for key, value in STEPS[0].items())
        quoted = name.replace('"', '""')
        path = tmp_path / "x.parquet"
        connection.execute(f"copy (select 7 as \"{quoted}_\", {columns}) to '{path}' (format parquet)")
        import pyarrow.parquet as parquet

        table = parquet.read_table(path)
        parquet.write_table(table.rename_columns([name, *table.column_names[1:]]), path)
    file, report, workplace = read(tmp_path / "w", "a.parquet", path.read_bytes())
    assert (file.rows_accepted, file.problems) == (1, ())
    assert workplace.rows(report, "record_no, dossier_code, due_at") == [(1, "H19.95-250701-0001", DUE)]


def test_the_case_with_row_numbers_of_its_own(tmp_path: Path) -> None:
    file, *_ = case(tmp_path, "f02_parquet_column_file_row_number/progress.parquet")
    assert file.rows_accepted == 3


def test_fractions_of_parquet_moments_are_kept(tmp_path: Path) -> None:
    values = ["2025-07-01 08:30:00.6", "2025-07-01 16:59:59.999", "2025-07-01 08:30:00"]
    with duckdb.connect() as connection:
        others = ", ".join(f"'{v}' as \"{k}\"" for k, v in STEPS[0].items() if k != "ThoiDiemXuLy")
        path = tmp_path / "x.parquet"
        connection.execute(
            f"copy (select unnest({values}::timestamp[]) as \"ThoiDiemXuLy\", {others}) to '{path}'"
        )
    _, report, workplace = read(tmp_path / "w", "a.parquet", path.read_bytes())
    assert workplace.rows(report, "acted_at") == [(datetime.fromisoformat(value),) for value in values]


# Headers and lines of CSV.


@pytest.mark.parametrize("columns", [1000, 16384])
def test_wide_files_are_read(columns: int, tmp_path: Path) -> None:
    header, *rows = CSV.split(b"\r\n")[:-1]
    blanks = b"," * (columns - len(HEADER))
    start = time.monotonic()
    file, *_ = read(tmp_path, "a.csv", b"\r\n".join(line + blanks for line in [header, *rows]) + b"\r\n")
    assert (file.rows_accepted, file.problems) == (3, ())
    assert time.monotonic() - start < 60


def test_a_stray_quote_in_the_widest_file_refuses_it(tmp_path: Path) -> None:
    header, *rows = CSV.split(b"\r\n")[:-1]
    rows[0], rows[2] = rows[0].replace(b"P01", b'"P01'), rows[2].replace(b"P01", b'P01"')
    lines = [line + b"," * (16384 - len(HEADER)) for line in [header, *rows]]
    file, *_ = read(tmp_path, "a.csv", b"\n".join(lines) + b"\n")
    assert (file.status, file.rows_accepted) == ("quarantined", 0)
    assert file.reason_codes[0] in ("unbalanced_quote", "malformed_csv")


def test_a_wide_file_with_texts_of_several_lines_is_read(tmp_path: Path) -> None:
    names = ",".join(f"x{number}" for number in range(2000))
    lines = [CSV.split(b"\r\n")[0] + b"," + names.encode()]
    lines += [line + b',"a\nb, c"' + b"," * 1999 for line in CSV.split(b"\r\n")[1:-1]]
    file, *_ = read(tmp_path, "a.csv", b"\n".join(lines) + b"\n")
    assert (file.rows_accepted, file.status) == (3, "accepted")


def test_the_case_of_a_thousand_columns(tmp_path: Path) -> None:
    file, *_ = case(tmp_path, "f03_wide_csv/1000_columns_of_trailing_commas.csv")
    assert file.rows_accepted == 3


def test_a_line_break_in_the_last_name_costs_no_row(tmp_path: Path) -> None:
    file, *_ = case(tmp_path, "f18_line_break_in_header/last_header.csv")
    assert file.rows_accepted == 5
    (note,) = notes(file)
    assert "NgayKetThucTheoQuyDinh (neu co)" in note.found


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_line_breaks_within_a_header(end: bytes, place: str, tmp_path: Path) -> None:
    names = [f'"{name[:4]}\n{name[4:]}"' if i == {"first": 0, "middle": 3, "last": 6}[place] else name
             for i, name in enumerate(HEADER)]  # fmt: skip
    content = end.join([",".join(names).encode(), *CSV.split(b"\r\n")[1:]])
    file, report, workplace = read(tmp_path, "a.csv", content)
    assert (file.rows_accepted, file.problems) == (3, ())
    assert set(workplace.rows(report, "room_code, due_at")) == {("P01", DUE)}


def test_lines_may_end_in_several_ways(tmp_path: Path) -> None:
    file, *_ = case(tmp_path / "case", "f19_mixed_line_ends/crlf_then_lf.csv")
    assert (file.rows_accepted, file.problems) == (3, ())
    lines = CSV.split(b"\r\n")[:-1]
    for place, ends in enumerate([(b"\n", b"\r\n", b"\r\n", b""), (b"\r\n", b"\n", b"\r\n", b"\n"),
                                  (b"\r\n", b"\r\n", b"\n", b"")]):  # fmt: skip
        content = b"".join(line + end for line, end in zip(lines, ends, strict=True))
        file, *_ = read(tmp_path / str(place), "a.csv", content)
        assert (file.rows_accepted, file.problems) == (3, ()), ends


def test_a_malformed_row_between_mixed_line_ends_keeps_its_number(tmp_path: Path) -> None:
    header, one, two, three = CSV.split(b"\r\n")[:-1]
    content = header + b"\r\n" + one + b"\n" + two + b",x,y,z\r\n" + three + b"\n"
    file, _, workplace = read(tmp_path, "a.csv", content)
    assert (file.rows_accepted, file.rows_quarantined) == (2, 1)
    assert [record for record, *_ in workplace.quarantined()] == ["record 2"]


BEFORE = {
    "blank line": b"\r\n",
    "two blank lines": b"\n\n",
    "empty cells": b",,,,,,\r\n",
    "sep": b"sep=,\r\n",
    "sep in capitals": b"SEP=,\n",
    "sep in quotes": b'"sep=,"\r\n',
    "mark": b"\xef\xbb\xbf",
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbf",
    "mark and sep": b"\xef\xbb\xbfsep=,\r\n",
    "sep and mark": b"sep=,\r\n\xef\xbb\xbf",
    "mark and blank line": b"\xef\xbb\xbf\r\n",
}


@pytest.mark.parametrize("kind", BEFORE)
def test_harmless_lines_before_the_header_are_passed_over(kind: str, tmp_path: Path) -> None:
    file, report, workplace = read(tmp_path, "a.csv", BEFORE[kind] + CSV)
    assert (file.rows_accepted, file.problems) == (3, ())
    assert workplace.rows(report, "record_no") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("name", ["blank_line.csv", "sep_line.csv"])
def test_the_cases_with_a_line_before_the_header(name: str, tmp_path: Path) -> None:
    file, *_ = case(tmp_path, f"f20_line_before_the_header/{name}")
    assert (file.rows_accepted, file.problems) == (2, ())


def test_sep_says_which_delimiter(tmp_path: Path) -> None:
    content = b"sep=;\r\n" + as_csv(STEPS, ";")
    file, *_ = read(tmp_path, "a.csv", content)
    assert (file.rows_accepted, file.problems) == (3, ())


@pytest.mark.parametrize(
    "title", ["BÁO CÁO TIẾN ĐỘ\r\n", "Sở Tư pháp,,,\r\nTháng 7\r\n", "\r\n# xuất ngày 01/07/2025\r\n"]
)
def test_a_title_is_reported_with_the_line_of_the_header(title: str, tmp_path: Path) -> None:
    file, *_ = read(tmp_path, "a.csv", title.encode() + CSV)
    assert file.reason_codes == ("line_before_header",)
    assert f"in line {title.count(chr(10)) + 1}" in file.problems[0].found


def test_empty_names_are_no_columns(tmp_path: Path) -> None:
    header, *rows = CSV.split(b"\r\n")[:-1]
    file, *_ = read(
        tmp_path, "a.csv", b"\n".join([b"," + header + b",,", *(b"1," + row + b",," for row in rows)])
    )
    assert (file.rows_accepted, file.problems) == (3, ())


def test_changed_litter_fails_no_run_and_a_transfer_is_read_once_it_is_whole(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    folder = CASES / "f28_files_that_are_no_deliveries"
    paths = {path.name: workplace.deliver(path.read_bytes(), path.name) for path in folder.iterdir()}
    workplace.deliver(as_lines([good("dossiers", 1)]), "good.jsonl")
    report = workplace.ingest()
    assert ([file.status for file in report.files], report.is_blocked) == (["accepted"], False)
    workplace.promote(report)
    paths["Thumbs.db"].write_bytes(b"other")
    report = workplace.ingest()
    assert (report.batch_id, report.problems, report.is_blocked) == (None, (), False)
    sent = paths["x.jsonl.filepart"]
    sent.rename(sent.with_suffix(""))
    assert [file.source_file for file in workplace.ingest().files] == ["dossiers/2025-12-01/H19/x.jsonl"]
