"""Every format of every source gives the same rows, with the columns that docs/lake.md promises."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.records import classify
from orchestration.ingestion.records.reading import Reading
from orchestration.ingestion.records.run import ensure_dataset
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


def every_format(records: list[dict[str, Any]], folder: Path) -> dict[str, bytes]:
    return {
        "a.jsonl": as_lines(records),
        "a.ndjson": b"\xef\xbb\xbf" + as_lines(records).replace(b"\n", b"\r\n"),
        "a.json": as_envelope(records),
        "a.csv": as_csv(records),
        "semicolons.csv": as_csv(records, ";"),
        "a.parquet": as_parquet(records, folder),
        "a.xlsx": as_xlsx(records, folder),
        "a.jsonl.gz": packed(as_lines(records)),
        "a.json.gz": packed(as_envelope(records)),
        "a.csv.gz": packed(b"\xef\xbb\xbf" + as_csv(records)),
    }


@pytest.mark.parametrize("source", sorted(RECORD_SOURCES))
def test_formats_give_the_same_rows(source: str, tmp_path: Path) -> None:
    records = [good(source, number) for number in (1, 2, 3)]
    results = {}
    for name, content in every_format(records, tmp_path).items():
        workplace = Records(tmp_path / name, source)
        workplace.deliver(content, name)
        report = workplace.ingest()
        assert [file.status for file in report.files] == ["accepted"], report.summary()
        assert workplace.quarantined() == []
        results[name] = workplace.rows(report)
    expected = results["a.jsonl"]
    assert len(expected) == 3
    assert {name: rows for name, rows in results.items() if rows != expected} == {}


def test_a_dossier_is_typed_as_promised(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    workplace.deliver(as_lines([good("dossiers")]))
    (row,) = workplace.rows(workplace.ingest(), "* exclude (source_file, file_hash, precedence)")
    key_hash = row[8]
    assert len(key_hash) == 32
    assert row[2:] == (
        1, "H19.95-250701-0001", "1.000105", "LV07", 2, 1, key_hash,
        datetime(2025, 7, 1, 8), datetime(2025, 7, 1, 8, 30), datetime(2025, 7, 8, 17), 10,
        datetime(2025, 7, 7, 10), datetime(2025, 7, 7, 9), None, "1", "H19.95", "H19.95", True, False, 1,
        [{"document_id": "T1", "component_code": "TP1", "is_deleted": False, "is_digitised": True,
          "is_reused": False, "is_from_national_store": False, "replaced_result_code": None}],
        [{"fee_code": "P1", "collection_form_code": "1", "price": 20000.0, "fee_kind_code": "1"}],
        [{"supplement_id": "B1", "requested_at": datetime(2025, 7, 2, 8), "received_at": datetime(2025, 7, 3, 8),
          "status_code": "2", "due_before_at": datetime(2025, 7, 5, 17), "due_after_at": datetime(2025, 7, 8, 17)}],
        [{"document_id": "G1", "component_code": "KQ", "result_code": "R1", "has_file": True}],
        [{"kind_code": 1, "number_hash": key_hash}], ["7"],
    )  # fmt: skip


@pytest.mark.parametrize("source", sorted(RECORD_SOURCES))
def test_empty_and_filled_batches_have_the_promised_columns(source: str, tmp_path: Path) -> None:
    workplace = Records(tmp_path, source)
    workplace.deliver(as_lines([good(source)]))
    pending = workplace.ingest().pending_dir
    described = [
        workplace.query(f"select column_name, column_type from (describe from '{folder}/rows.parquet')")
        for folder in (pending, ensure_dataset(workplace.lake, source))
    ]
    promised = RECORD_SOURCES[source].row_columns
    found = [{name: kind for name, kind in columns if name != "batch"} for columns in described]
    assert found[0] == found[1]
    assert list(found[0]) == list(promised)
    assert {name: kind.lower().replace('"', "") for name, kind in found[0].items()} == {
        name: kind.lower() for name, kind in promised.items()
    }


MOMENTS: list[tuple[str | None, datetime | None]] = [
    ("20250701083000", datetime(2025, 7, 1, 8, 30)), ("20250701", datetime(2025, 7, 1)),
    ("2025-07-01", datetime(2025, 7, 1)), ("2025-07-01T08:30:00", datetime(2025, 7, 1, 8, 30)),
    ("2025-07-01T08:30:00Z", datetime(2025, 7, 1, 15, 30)),
    ("2025-07-01T08:30:00+07:00", datetime(2025, 7, 1, 8, 30)),
    ("2025-07-01T08:30:00+0900", datetime(2025, 7, 1, 6, 30)),
    ("2025-07-01T08:30:00+07", datetime(2025, 7, 1, 8, 30)),
    ("2025-07-01T08:30:00.250", datetime(2025, 7, 1, 8, 30, 0, 250000)),
    ("2025-07-01T01:30:00.5Z", datetime(2025, 7, 1, 8, 30, 0, 500000)),
    ("45839", datetime(2025, 7, 1)), ("45839.25", datetime(2025, 7, 1, 6)),
    ("45839.354166666664", datetime(2025, 7, 1, 8, 30)),
    (" 20250701 ", datetime(2025, 7, 1)), ("", None), (None, None), ("20991231235959",
                                                                         datetime(2099, 12, 31, 23, 59, 59)),
    ("20000101000000", datetime(2000, 1, 1)), ("21001231235959", datetime(2100, 12, 31, 23, 59, 59)),
]  # fmt: skip


def test_moments_are_read_as_wall_clock(tmp_path: Path) -> None:
    workplace = Records(tmp_path, "progress")
    workplace.deliver(
        as_lines([good("progress", n, ThoiDiemXuLy=sent) for n, (sent, _) in enumerate(MOMENTS)])
    )
    assert workplace.rows(workplace.ingest(), "acted_at") == [(read,) for _, read in MOMENTS]


LISTED_MOMENTS = {  # as sent -> as read; refused rows give none
    "20250228235959": "2025-02-28 23:59:59", "20240229000000": "2024-02-29 00:00:00", "20250229000000": None,
    "20250430080000": "2025-04-30 08:00:00", "20250431080000": None, "20251231080000": "2025-12-31 08:00:00",
    "20250701240000": None, "20990101000000": "2099-01-01 00:00:00", "21000101000000": "2100-01-01 00:00:00",
    "19991231235959": None, "20250701": "2025-07-01 00:00:00",
}  # fmt: skip


def test_elements_read_the_short_way_and_the_long_way_are_the_same(tmp_path: Path) -> None:
    # Blanks around a value send its row the long way; the lake must not tell.
    plain = good("dossiers")
    lists = [key for key, value in plain.items() if isinstance(value, list)]
    assert len(lists) == 6
    blank = plain | {key: [{k: f" {v} " for k, v in x.items()} for x in plain[key]] for key in lists}
    both = plain | {key: plain[key] + blank[key] for key in lists}
    found = []
    for place, record in (("plain", plain), ("blank", blank), ("both", both)):
        workplace = Records(tmp_path / place)
        workplace.deliver(as_lines([record]))
        names = "submitted_documents, fees, supplements, results, identities, database_codes"
        found += workplace.rows(workplace.ingest(), names)
        assert workplace.quarantined() == []
    assert found[0] == found[1]
    assert found[2] == tuple(elements * 2 for elements in found[0])
    assert all(found[0])


#: Blanks, line ends and the separator stand between values where a row's lists are looked at as one text.
TANGLED = st.text(alphabet="a1 \n\r\t\x01\x1d@ạ", max_size=4)
CODES = st.lists(st.fixed_dictionaries({}, optional={"MaCSDL": TANGLED}), max_size=2)
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"TepDinhKemId": TANGLED | st.none(), "MaThanhPhanHoSo": TANGLED, "DuocSoHoa": TANGLED}
    ),
    max_size=3,
)
RESULTS = st.lists(st.fixed_dictionaries({"GiayToId": TANGLED, "DuongDanTepTinKetQua": TANGLED}), max_size=2)


@given(lists=st.lists(st.tuples(DOCUMENTS, RESULTS, CODES), min_size=1, max_size=40))
@example(
    lists=[
        ([{"TepDinhKemId": "a"}, {}], [], [{"MaCSDL": "a"}]),
        ([{}], [], []),
        ([{"TepDinhKemId": "a a"}], [], []),
        ([], [], [{}, {"MaCSDL": "a"}]),
        ([], [{"GiayToId": "a a\na", "DuongDanTepTinKetQua": ""}], []),
    ]
)
@settings(max_examples=8, deadline=None)
def test_no_value_of_a_list_passes_for_something_else(
    lists: list[tuple[list[Any], list[Any], list[Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = []
    for fee in ("P1", " P1 "):  # the blanks send all lists of a row the long way
        workplace = Records(tmp_path_factory.mktemp("lists"))
        sent = {"DanhSachLePhi": [{"MaPhiLePhi": fee, "Gia": "1"}]}
        names = ("TaiLieuNop", "DanhSachGiayToKetQua", "DSKetNoiCSDL")
        records = [
            good("dossiers", n, **sent, **dict(zip(names, row, strict=True))) for n, row in enumerate(lists)
        ]
        workplace.deliver(as_lines(records))
        rows = workplace.rows(
            workplace.ingest(), "record_no, submitted_documents, results, fees, database_codes"
        )
        found.append((sorted(rows, key=lambda row: row[0]), workplace.quarantined()))
    assert found[0] == found[1]


@pytest.mark.parametrize(("fee", "is_plain"), [("P1", True), (" P1 ", False)])
def test_lists_as_most_are_written_are_read_the_fast_way(
    fee: str, is_plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both ways come to the same, so that only a third of the speed would show that one is never gone."""
    taken: list[tuple[bool]] = []
    whole = classify.copy_rows

    def copy_rows(reading: Reading, file: Any, query: str) -> None:
        steps, _ = query.rsplit("\nselect\n", 1)
        taken.extend(
            reading.connection.execute(f"{steps}\nselect are_lists_plain from classified").fetchall()
        )
        whole(reading, file, query)

    monkeypatch.setattr(classify, "copy_rows", copy_rows)
    workplace = Records(tmp_path)
    plain = {"TaiLieuNop": [{"TepDinhKemId": "T1", "IsDeleted": "False"}, {"TepDinhKemId": "T2"}]}
    workplace.deliver(as_lines([good("dossiers", DanhSachLePhi=[{"MaPhiLePhi": fee, "Gia": "1"}], **plain)]))
    assert workplace.ingest().counts["rows_accepted"] == 1
    assert taken == [(is_plain,)]


def test_a_moment_within_a_list_is_a_day_that_there_is(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    lists = [[{"HoSoBoSungId": "B1", "NgayBoSung": moment}] for moment in LISTED_MOMENTS]
    workplace.deliver(as_lines([good("dossiers", n, DanhSachHoSoBoSung=x) for n, x in enumerate(lists)]))
    read = workplace.rows(workplace.ingest(), "supplements[1].requested_at::varchar")
    assert [moment for (moment,) in read] == [moment for moment in LISTED_MOMENTS.values() if moment]


def test_a_personal_number_is_no_code_of_an_element(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    codes = {"12345678": "12345678", "079201000123": None, "0912.345.678": None, "p1": "P1", "a@b": None}
    fees = [{"MaPhiLePhi": code, "Gia": "1"} for code in codes]
    workplace.deliver(as_lines([good("dossiers", DanhSachLePhi=fees)]))
    (row,) = workplace.rows(workplace.ingest(), "list_transform(fees, lambda f: f.fee_code)")
    assert row == (list(codes.values()),)


def test_an_identifier_of_an_element_ends_at_64_characters(tmp_path: Path) -> None:
    workplace = Records(tmp_path)
    documents = [{"TepDinhKemId": "x" * length} for length in (64, 65)]
    workplace.deliver(as_lines([good("dossiers", TaiLieuNop=documents)]))
    (row,) = workplace.rows(
        workplace.ingest(), "list_transform(submitted_documents, lambda d: d.document_id)"
    )
    assert row == (["x" * 64, None],)
