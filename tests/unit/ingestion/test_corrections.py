"""A correction delivered under the same name, written otherwise, clears the refused file (f29).

Belongs here: which names are the same. Does not belong here: what clearing does (`test_records_batches`).
"""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest

from orchestration.ingestion.file_status import name_key
from orchestration.ingestion.quarantine import clear_resolved
from tests.unit.ingestion.record_workplace import Records, as_lines, good, packed

CASE = Path(__file__).parents[2] / "cases" / "f29_correction_under_the_same_name_written_otherwise"
NAME = "Tiến độ T7.jsonl"
BAD = as_lines([good("progress", 1, TrangThai="77")])
RIGHT = as_lines([good("progress", 1)])
SAME = [
    unicodedata.normalize("NFD", NAME), NAME.upper(), "tiến độ t7.JSONL", "Tiến  độ T7.jsonl", "Tiến\u00a0độ T7.jsonl",
    "Tiến_độ_T7.jsonl", " Tiến độ T7 .jsonl", "Tiến độ T7.jsonl.gz", "Tiến\u200b độ T7.jsonl",
]  # fmt: skip


@pytest.mark.parametrize("is_one_run", [True, False])
@pytest.mark.parametrize("name", SAME)
def test_a_name_written_otherwise_is_the_same(tmp_path: Path, name: str, is_one_run: bool) -> None:
    place = Records(tmp_path, "progress")
    place.deliver(BAD, NAME, "2025-12-01")
    quarantine = tmp_path / "quarantine"
    if not is_one_run:
        place.promote(place.ingest())
        assert clear_resolved(place.lake, quarantine, "progress") == ()
    place.deliver(packed(RIGHT) if name.endswith(".gz") else RIGHT, name, "2025-12-02")
    report = place.ingest()
    assert not report.is_blocked
    assert [file.status for file in report.files] == (["superseded"] if is_one_run else []) + ["accepted"]
    place.promote(report)
    assert clear_resolved(place.lake, quarantine, "progress") == (f"progress/2025-12-01/H19/{NAME}",)
    assert place.quarantined() == []


def test_the_case_is_cleared(tmp_path: Path) -> None:
    """Its first name is composed, its second decomposed, as one computer and another write them."""
    place = Records(tmp_path, "progress")
    shutil.copytree(CASE, place.landing)
    report = place.ingest()
    assert [(file.delivery_date.day, file.status) for file in report.files] == [
        (1, "superseded"),
        (2, "accepted"),
    ]
    place.promote(report)
    assert len(clear_resolved(place.lake, tmp_path / "quarantine", "progress")) == 1
    assert place.quarantined() == []


@pytest.mark.parametrize(
    "name", ["Tiến độ T8.jsonl", "Tiến độ T7 (1).jsonl", "Tien do T7.jsonl", "Tiến độ T7.csv.jsonl"]
)
def test_another_name_clears_nothing(tmp_path: Path, name: str) -> None:
    """A number may count parts of a delivery, and a mark makes another word."""
    place = Records(tmp_path, "progress")
    place.deliver(BAD, NAME, "2025-12-01")
    place.deliver(RIGHT, name, "2025-12-02")
    report = place.ingest()
    assert [file.status for file in report.files] == ["quarantined", "accepted"]


def test_the_key_of_a_name_is_its_own_key() -> None:
    assert {name_key(name) for name in SAME} == {name_key(NAME)} == {name_key(name_key(NAME))}
