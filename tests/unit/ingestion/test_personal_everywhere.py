"""A person's number or address in any spelling, in any field of any source: it reaches nothing that a run writes.

The fields are those of the sources themselves, so that a new one joins by itself; all cells of a source are rows of one
file. Belongs here: the matrix, and that real codes and names pass. Does not belong here: how single values are read
(`test_values`).
"""

from __future__ import annotations

import copy
import json
import unicodedata
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.builder import values
from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.personal import PERSONAL_SQL, is_in_name
from orchestration.ingestion.portal import rules as portal_rules
from orchestration.ingestion.portal.rules import FIELDS
from orchestration.ingestion.records.mapping import FieldMapping, ListFeed, read_mapping
from orchestration.ingestion.records.mapping_macros import mapping_macros
from orchestration.ingestion.records.run import SAMPLE_KEY
from orchestration.ingestion.records.value_types import value_macros
from orchestration.ingestion.retraction import retract
from tests.unit.ingestion.conftest import Workplace
from tests.unit.ingestion.record_workplace import GOOD, MAPPINGS, ROOT, Records, as_csv, as_lines, good

pytestmark = pytest.mark.slow

#: Spelling -> why people write it so.
SPELLINGS = {
    "079203004567": "as it is on the card",
    "79203004567": "a column of numbers loses the zero",
    "CCCD: 079203004567": "labelled",
    "CCCD079203004567": "prefixed",
    "P079203004567": "prefixed by a letter, as passports are",
    "079 203 004 567": "blanks, as it is spoken",
    "079.203.004.567": "dots, as Vietnamese thousands are written",
    "07.92.03.00.45.67": "in pairs",
    "079-203-004-567": "dashes",
    "079/203/004/567": "slashes",
    "079_203_004_567": "underscores, as in names of files",
    "(079)(203)(004)(567)": "parentheses",
    "(079)-[203]-{004}-<567>": "brackets of all kinds",
    "079\u00a0203\u00a0004\u00a0567": "blanks of a web page",
    "079\u200b203\u200b004\u200b567": "what has no width",
    "079:203:004:567": "another character",
    "079*203*004*567": "and another",
    "079%203%004%567": "and one that a path may hold",
    "079=203&004+567": "and those of an address",
    "079A203B004C567": "letters between",
    "079abc203def004ghi567": "more of them",
    "079203004567-con-trai": "text behind it",
    "079203004567.pdf": "the name of a scan",
    "07920300456720251203": "a day behind it",
    "000000079203004567": "filled up with zeros",
    "00000000-0000-0000-0000-079203004567": "in the shape of what a system makes up",
    "0792030045-67": "the last digits apart",
    "０７９２０３００４５６７": "full width, as Asian keyboards write",
    "٠٧٩٢٠٣٠٠٤٥٦٧": "digits of another script",
    "271828182": "an old card",
    "CMND 271.828.182": "an old card, labelled, in groups",
    "cmnd271828182": "in small letters",
    "2718-28182": "an old card, otherwise grouped",
    "271x828x182": "an old card, letters between",
    "0983456712": "a telephone",
    "+84 983 456 712": "with the code of the country",
    "0084983456712": "and as it is dialled",
    "(+84)983456712": "and in brackets",
    "0983.45.67.12": "as it is printed on cards",
    "H19.079203004567-250701-0001": "in the part of the agency",
    "H19.0792.0300-250701-4567.079203004567": "in all parts",
    "H19.95-250701-079203004567": "in the serial number",
    "H19.95-079203-004567": "as day and serial number",
    "000.00.079203004567.H19-250701-0001": "in an agency of old",
    "KQ.G15.079203004567": "in the code of a component",
    "1.079203004567": "in the code of a procedure",
    "bi.mat@nguoidan.vn": "an address",
    "BI.MAT@NGUOIDAN.VN": "in capitals",
    "bi.mat%40nguoidan.vn": "as in an address of a page",
    "bi.mat(at)nguoidan.vn": "hidden from collectors",
    "bi.mat[at]nguoidan.vn": "hidden in another way",
    "bi.mat at nguoidan.vn": "spoken",
    "bi.mat-at-nguoidan.vn": "spoken, as a code",
    "bi.mat＠nguoidan.vn": "full width",
    "bi.mat @ nguoidan.vn": "with blanks, as people write signs",
    "bi.mat &#x40; nguoidan.vn": "as in a page",
    "bi.mat (a còng) nguoidan.vn": "as it is called",
    "bí.mật@nguoidân.vn": "in its own letters",
}  # fmt: skip
DIGITS = ("79203004567", "271828182", "983456712")
LETTERS = ("bimat", "nguoidan")
MAPPING = read_mapping(MAPPINGS / "national_exchange.yml")


def cells(source: str) -> Iterator[dict[str, Any]]:
    """A good record for each field and spelling, but for that field."""
    number = 0
    for column in RECORD_SOURCES[source].columns:
        feed = MAPPING.sources[source].columns[column.name]
        for spelling in SPELLINGS:
            if isinstance(feed, ListFeed):
                for part in feed.columns.values():
                    number += 1
                    assert part.wire is not None
                    element = dict((GOOD[source][feed.wire] or [{}])[0], **{part.wire: spelling})
                    yield good(source, number, **{feed.wire: [element]})
            else:
                number += 1
                assert isinstance(feed, FieldMapping)
                assert feed.wire is not None
                yield good(source, number, **{feed.wire: spelling})


def found_in(text: str) -> list[str]:
    """The numbers and addresses in `text`, whatever stands between their digits and letters."""
    plain = "".join(str(unicodedata.digit(c, c)) for c in unicodedata.normalize("NFKD", text).casefold())
    digits = "".join(c for c in plain if c.isdigit())
    letters = "".join(c for c in plain if c.isascii() and c.isalpha())
    return [n for n in DIGITS if n in digits] + [name for name in LETTERS if name in letters]


def everything(root: Path, landing: Path) -> Iterator[tuple[str, str]]:
    """What a run wrote, with the place: names, bytes, and the values of Parquet files row by row."""
    for path in sorted(root.rglob("*")):
        if landing in path.parents or path == landing:
            continue
        yield "a name", str(path.relative_to(root))
        if path.is_file():
            for line in path.read_bytes().decode("latin-1").splitlines():
                yield f"{path} as bytes", line
        if path.suffix == ".parquet":
            for (row,) in duckdb.sql(
                f"select whole::varchar from read_parquet('{path}') as whole"
            ).fetchall():
                yield str(path), row


def test_the_search_finds_every_spelling() -> None:
    assert [spelling for spelling in SPELLINGS if not found_in(f"x{spelling}y")] == []
    assert found_in("H19.95-250701-0001 20251203101500 1234/QĐ-UBND") == []


@pytest.mark.parametrize("source", RECORD_SOURCES)
def test_no_spelling_in_any_field_reaches_what_a_run_writes(source: str, tmp_path: Path) -> None:
    workplace = Records(tmp_path, source)
    bad = list(cells(source))
    others = [good(source, 90_000 + number) for number in range(5)]
    workplace.deliver(as_lines([*bad, *others]))
    report = workplace.ingest()
    (file,) = report.files
    assert file.rows_read == len(bad) + len(others)
    assert file.rows_read == file.rows_accepted + file.rows_quarantined + file.rows_duplicate
    # Row by row: what is beside it is taken.
    assert {number for (number,) in workplace.rows(report, "record_no")} >= set(
        range(len(bad) + 1, file.rows_read + 1)
    )
    said = [("the report", line) for line in report.summary()]
    written = [*everything(tmp_path, workplace.landing), *said]
    hits = [(hit, text, place) for place, text in written if (hit := found_in(text))]
    assert hits == []


#: As real systems write them.
REAL_CODES = (
    "H19.95", "H19.95.01", "000.00.95.H19", "000.00.00.H37", "G15", "H05-250701-0001", "H19.95-250701-00012345",
    "000.00.16.H10-230105-0004", "1.004250", "2.002516", "1.004250.000.00.00.H19", "1.004250-01", "KQ.G15.000456",
    "KQ.G15.000456-01", "TP.G05.000032", "20251203", "20251203101500", "20251203101500123", "2025-12-03T10:15:00",
    "HS-2025-000123-01", "PAKN.20251203.0001234", "TP-00000001", "12345678", "LV07", "P.01/2",
    "550e8400-e29b-41d4-a716-446655440000", "5d41402abc4b2a76b9719d911017c592", "75.731", "1764730500123",
)  # fmt: skip
REAL_TEXTS = (
    "1234/QĐ-UBND", "12345/QĐ-UBND ngày 03/12/2025", "Số 123/2025/NQ-HĐND", "3452/QĐ-BYT, 3453/QĐ-BYT",
    "Cấp giấy phép theo Nghị định số 61/2018/NĐ-CP và Nghị định số 107/2021/NĐ-CP ngày 06/12/2021 của Chính phủ",
    "Đăng ký khai sinh cho người đã có hồ sơ (trước ngày 01/01/2016)",
    "Công nhận theo khoản 1, 2, 3, 4, 5, 6, 7, 8 và 9 Điều 28 Luật số 12/2017/QH14",
    "Giai đoạn 2021-2025, định hướng 2030", "Cấp lại thẻ (mức độ 4) từ 16 đến 18 tuổi, dưới 15 ngày, 5 bản, 3 ảnh 4x6",
    "Phê duyệt dự án nhóm B, C từ 15 tỷ đến 120 tỷ đồng, 10 năm 2025", "Xã Ia Krêl", "Phường 1", "Phường 14, Quận 10",
    "Sở Văn hóa, Thể thao và Du lịch - tỉnh Gia Lai",
)  # fmt: skip


@pytest.fixture(scope="module")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(PERSONAL_SQL + mapping_macros(MAPPING, SAMPLE_KEY) + value_macros(["H19"]))
        yield connection


def test_real_codes_and_names_are_nobodys(macros: duckdb.DuckDBPyConnection) -> None:
    codes = "select v from (select unnest($v) as v) where read_identifier(v) is distinct from v or holds_person(v)"
    assert macros.execute(codes, {"v": list(REAL_CODES)}).fetchall() == []
    texts = "select v from (select unnest($v) as v) where read_text(v) is distinct from v"
    assert macros.execute(texts, {"v": list(REAL_TEXTS)}).fetchall() == []
    assert [name for name in REAL_FILES if is_in_name(name)] == []


def test_the_gate_stops_nothing_that_ingestion_takes(macros: duckdb.DuckDBPyConnection) -> None:
    """Else one row would stop the night of all. Digests name documents: one in fifty has nine digits in a row."""
    gate = values("raw__records")
    personal, nobody = gate["personal"], gate["nobody"]
    query = f"""
        select v from (
            select unnest($v) as v union all select md5(i::varchar) from range(20000) as n(i)
            union all select uuid()::varchar from range(20000)
            union all select 'TP-' || i * 7919 from range(20000) as n(i)
            union all select 'H19.95-250701-' || i * 719 from range(20000) as n(i)
        )
        where regexp_matches(regexp_replace(upper(read_identifier(v)), '{nobody}', '', 'g'), '{personal}')
            or regexp_matches(upper(read_code(v)), '{personal}') and not regexp_matches(upper(v), '{nobody}')
            or regexp_matches(upper(read_text(v)), '{personal}') and not regexp_matches(upper(v), '{nobody}')
    """
    assert macros.execute(query, {"v": [*REAL_CODES, *REAL_TEXTS, *SPELLINGS]}).fetchall() == []


def test_no_name_or_code_of_the_reference_data_is_taken_for_a_persons(
    macros: duckdb.DuckDBPyConnection,
) -> None:
    """Every cell of every list, and every text of the real samples: some 100,000."""
    looked_at = 0
    for path in sorted((ROOT / "seeds/reference").glob("*.csv")):
        cells = (
            f"from (unpivot (from read_csv('{path}', all_varchar = true)) on columns(*) into name n value v)"
        )
        looked_at += len(macros.sql(f"select v {cells}").fetchall())
        assert macros.sql(f"select v {cells} where names_person(v) or holds_person(v)").fetchall() == [], path
    for path in sorted((ROOT / "seeds/samples/portal").glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        answer = json.loads(document["answer"])["data"] if "answer" in document else document
        texts = list(_texts(answer.get("evaluation") or answer.get("provinces") or answer["units"]))
        looked_at += len(texts)
        query = "select v from (select unnest($v) as v) where names_person(v)"
        assert macros.execute(query, {"v": texts}).fetchall() == [], path
    assert looked_at > 20_000


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(inner)


REAL_FILES = (
    "dossiers.jsonl", "dossiers_2025-11-01_2025-11-30.csv", "dossiers_20251203101500.jsonl",
    "HS_20250701_083000_0001.json", "formatted_cell_at_XFD1048576.xlsx",
    "H19-250701-0001.csv", "H19_250701_001.csv", "H19.95_20251201-20251231_part-0003.parquet", "page-00001.json",
    "Bao cao 1.7.2025 - 31.7.2025 (1).xlsx", "báo_cáo_tháng_07_2025.xlsx", "export-1764730500123.csv",
    "part-00000-4f3d2c1b-0a9f-4e8d-b7c6-a5b4c3d2e1f0-c000.snappy.parquet", "0000123456_of_0000200000.csv",
    "part-00000-tid-8765432109876543210-4f3d2c1b-0a9f-4e8d-b7c6-a5b4c3d2e1f0-1-1-c000.snappy.parquet",
    "dossiers_250701_0830.csv", "dossiers-250701-250731-part01.csv", "001-012-0003.jsonl", "H19", "flat-vendor",
    "1234-QĐ-UBND.xlsx", "5d41402abc4b2a76b9719d911017c592.json", "service_results_2026-10-10.json", "nation",
)  # fmt: skip


def placed(item: Any, path: str, value: Any) -> None:
    """Put `value` at the dotted `path` of `item`."""
    *above, last = path.split(".")
    for key in above:
        item = item.setdefault(key, {})
    item[last] = value


def portal_cells(unit: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`unit` with a spelling in each field of each grain, and as each key."""
    for spelling in SPELLINGS:
        for field in FIELDS:
            if field.grain == "envelope":
                continue
            made = copy.deepcopy(unit)
            if field.grain == "unit":
                placed(made, field.path, spelling)
            elif field.grain == "unit_group":
                made["groupScores"]["CKMB"] = spelling
            else:
                for component in made["componentIndicators"].values():
                    for item in [component] if field.grain == "component" else component.get("metrics", []):
                        placed(item, field.path, spelling)
            yield made
        made = copy.deepcopy(unit)
        first = next(iter(made["componentIndicators"]))
        made["componentIndicators"][f"{first}_{spelling}"] = made["componentIndicators"].pop(first)
        yield made
        made = copy.deepcopy(unit)
        made["groupScores"][spelling] = 1
        yield made
        made = copy.deepcopy(unit)
        made["componentIndicators"] = {spelling: next(iter(made["componentIndicators"].values()))}
        yield made


def test_no_spelling_in_any_field_of_the_portal_reaches_what_a_run_writes(
    workplace: Workplace, payload: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_rules, "MOST_ROWS_REFUSED", 1.0)  # to see the rows that are taken
    document = payload("units")
    unit = next(u for u in document["units"] if u["childGroup"] == "AGENCY" and "componentIndicators" in u)
    units = [*portal_cells(unit), *(copy.deepcopy(unit) for _ in range(5))]
    for number, made in enumerate(units):
        if made["departmentCode"] == unit["departmentCode"]:
            made["departmentCode"] = f"H21.{1000 + number}"
    document["units"] = units
    workplace.deliver(document)
    for number, (path, spelling) in enumerate(
        (field.path, spelling)
        for field in FIELDS
        if field.grain == "envelope"
        for spelling in [*SPELLINGS][::3]
    ):  # each a file, so that a third must do
        changed = copy.deepcopy({**document, "units": [unit]})
        placed(changed, path, spelling)
        workplace.deliver(changed, f"{number}.json", sender="H21")
    report = workplace.ingest()
    whole = next(file for file in report.files if file.rows_read == len(units))
    assert 5 < whole.rows_accepted < len(units)
    assert whole.rows_accepted + whole.rows_quarantined == len(units)
    written = [*everything(workplace.root, workplace.landing), *(("the report", t) for t in report.summary())]
    assert [(hit, text, place) for place, text in written if (hit := found_in(text))] == []


def test_a_nation_is_published_without_a_name_that_holds_a_number(
    workplace: Workplace, payload: Callable[[str], Any]
) -> None:
    document = payload("provinces")
    for number, spelling in enumerate(
        ["UBND tỉnh Gia Lai 079.203.004.567", "gọi ０９８３４５６７１２", "a(at)nguoidan.vn"]
    ):
        document["provinces"][number]["departmentName"] = spelling
    report = workplace.ingest() if workplace.deliver(document) else None
    assert report is not None
    (file,) = report.files
    assert (file.status, file.rows_accepted, file.elements_dropped) == ("accepted", 34, 3)
    assert report.pending_dir is not None
    names = duckdb.sql(
        f"select name_vi from '{report.pending_dir}/rows.parquet' order by record_no"
    ).fetchall()
    assert [name is None for (name,) in names] == [True] * 3 + [False] * 31
    assert {problem.reason_code for problem in file.problems} == {"personal_number"}


def test_a_file_or_folder_is_refused_for_such_a_name_and_the_name_is_not_shown(tmp_path: Path) -> None:
    """It would be in manifests, logs and pages. The others are read, and each can still be taken back by its path."""
    workplace = Records(tmp_path)
    names = [spelling.replace("/", "\N{FRACTION SLASH}") for spelling in SPELLINGS]
    for number, name in enumerate(names):
        workplace.deliver(as_lines([good("dossiers", number)]), f"{name}.jsonl")
        workplace.deliver(as_lines([good("dossiers", 1000 + number)]), sender=name)
        workplace.deliver(as_lines([good("dossiers", 2000 + number)]), day=name)
    for number, name in enumerate(REAL_FILES[1:4]):
        workplace.deliver(as_lines([good("dossiers", 3000 + number)]), f"{name}.jsonl")
    report = workplace.ingest()
    assert report.counts["rows_accepted"] == 3
    refused = [problem.reason_code for problem in report.landing_problems]
    assert sorted(set(refused)) == ["bad_delivery_date", "personal_number_in_name"]
    assert len(refused) == 3 * len(names)
    said = [("the report", line) for line in report.summary()]
    written = [*everything(tmp_path, workplace.landing), *said]
    assert [(hit, text, place) for place, text in written if (hit := found_in(text))] == []
    workplace.promote(report)
    path = report.files[0].source_file
    retract(workplace.lake, workplace.landing, "dossiers", path, "wrong", datetime(2025, 12, 2, tzinfo=UTC))
    assert path not in {file.source_file for file in workplace.ingest().files}


def test_no_spelling_in_a_header_or_the_name_of_a_sheet_is_shown(tmp_path: Path) -> None:
    """What a file calls its columns is shown where one is missing."""
    import openpyxl

    workplace = Records(tmp_path)
    names = list(SPELLINGS)
    for first in range(0, len(names), 8):
        some = names[first : first + 8]
        record = {
            "MaHoSo": f"H19-250701-{first}",
            "MaTTHC": "1.000105",
            "TrangThaiHoSo": "10",
            **dict.fromkeys(some, "x"),
        }
        workplace.deliver(as_csv([record]), f"{first}.csv")
        workplace.deliver(as_csv([dict.fromkeys(some, "x")]), f"unknown-{first}.csv")
        book = openpyxl.Workbook()
        book.active.append(list(record))
        book.active.append(list(record.values()))
        other = book.create_sheet("".join(c for c in some[0] if c not in "[]*?:/\\"))
        other.append(["x"] * 3)
        book.save(tmp_path / "x.xlsx")
        workplace.deliver((tmp_path / "x.xlsx").read_bytes(), f"{first}.xlsx", sender="H20")
        (tmp_path / "x.xlsx").unlink()
    report = workplace.ingest()
    assert report.counts["files"] == 3 * len(range(0, len(names), 8))
    written = [*everything(tmp_path, workplace.landing), *(("the report", t) for t in report.summary())]
    assert [(hit, text, place) for place, text in written if (hit := found_in(text))] == []
    assert any("[digits]" in text for _, text in written)


def test_every_digit_of_another_script_is_read_as_the_digit_that_it_is() -> None:
    """The macro passes over texts of Latin letters alone, Vietnamese ones included: no digit may be taken for one."""
    digits = {
        char: digit for char in map(chr, range(0x80, 0x110000)) if (digit := unicodedata.digit(char, None)) is not None
    }  # fmt: skip
    assert len(digits) > 600
    with duckdb.connect() as connection:
        connection.execute(PERSONAL_SQL)
        read = connection.execute(
            "select unnest(?) as text, in_plain_digits('Ủy ' || text || ' ban')", [list(digits)]
        ).fetchall()
    assert read == [(char, f"Ủy {digit} ban") for char, digit in digits.items()]
