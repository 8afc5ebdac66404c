"""Every format of every source gives the same rows, with the columns that docs/lake.md promises."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingest.record_types import RECORD_SOURCES
from orchestration.ingest.records import ensure_dataset
from tests.unit.ingest.record_workplace import (
    Records,
    as_csv,
    as_envelope,
    as_lines,
    as_parquet,
    as_xlsx,
    good,
    packed,
)


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
    (row,) = workplace.rows(workplace.ingest(), "* exclude (source_file, file_hash)")
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
