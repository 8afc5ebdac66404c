"""Ingestion on a real disk that is full: nobody is to blame, nothing is marked, the next run makes the same batch."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pytest

from orchestration.ingestion.lake import visible_batches
from tests.small_disk import small_disk
from tests.unit.ingestion.record_workplace import Records, as_csv, as_lines, as_parquet, as_xlsx, good, packed

pytestmark = pytest.mark.slow

ROWS = 2000


def deliver(place: Records, scratch: Path) -> None:
    """The same rows in every format, by a sender each; numbers whose hashes no compression makes small."""
    for number, (name, encode) in enumerate({
        "a.jsonl": as_lines, "a.jsonl.gz": lambda rows: packed(as_lines(rows)), "a.csv": as_csv,
        "a.parquet": lambda rows: as_parquet(rows, scratch), "a.xlsx": lambda rows: as_xlsx(rows, scratch),
    }.items()):  # fmt: skip
        rows = [good("dossiers", row, MaDoiTuong=f"{number}79{row:09}") for row in range(ROWS)]
        place.deliver(encode(rows), name, sender=f"H{20 + number}")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Records:
    """A run that had room."""
    place = Records(tmp_path_factory.mktemp("undisturbed"))
    deliver(place, place.root)
    place.promote(place.ingest())
    return place


def lake_of(place: Records) -> dict[str, bytes]:
    return {name: data for name, data in place.all_bytes().items() if name.startswith("lake/dossiers/")}


@pytest.mark.parametrize("leaving", [0, 50_000, 1_000_000])
def test_a_full_lake_refuses_nobody(leaving: int, tmp_path: Path, undisturbed: Records) -> None:
    place = Records(tmp_path)
    shutil.copytree(undisturbed.landing, place.landing)
    with small_disk(place.lake, 40) as disk:
        disk.fill(leaving)
        with pytest.raises((OSError, duckdb.IOException), match="No space left on device"):
            place.ingest()
        assert place.quarantined() == []
        assert visible_batches(place.lake, "dossiers") == ()
        assert not list(place.lake.glob(".pending/*/batch=*")), "half a batch does not wait for its gate"
        assert not list(place.lake.glob(".pending/*/.work-*")), (
            "what was unpacked is gone, even from a full disk"
        )
        disk.empty()
        place.promote(place.ingest())
        assert lake_of(place) == lake_of(undisturbed)


def test_a_quarantine_that_is_full_ends_the_run_before_its_batch_is_written(tmp_path: Path) -> None:
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers", 1), good("dossiers", 2, MaTTHC="?")]))
    with small_disk(tmp_path / "quarantine", 4) as disk:
        disk.fill()
        with pytest.raises((OSError, duckdb.IOException), match="No space left on device"):
            place.ingest()
        assert not list(place.lake.glob(".pending/*/batch=*"))
        disk.empty()
        report = place.ingest()
        assert [(file.rows_accepted, file.rows_quarantined) for file in report.files] == [(1, 1)]
        assert len(place.quarantined()) == 1


def test_the_disk_would_be_noticed_if_it_had_room(tmp_path: Path) -> None:
    place = Records(tmp_path)
    place.deliver(as_lines([good("dossiers")]))
    with small_disk(place.lake, 40) as disk:
        assert disk.room > 30_000_000
        disk.fill(100_000)
        assert disk.room <= 104_096
        disk.empty()
        assert len(place.ingest().files) == 1
        assert os.path.ismount(place.lake)
