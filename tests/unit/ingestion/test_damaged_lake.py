"""A lake that is damaged by a disk or a hand: said by name, never a figure less; and the way back, from landing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.damage import DamagedError
from orchestration.ingestion.damaged_batches import (
    check_batches,
    check_nothing_lost,
    check_retractions,
    check_values,
)
from orchestration.ingestion.lake import visible_batches, write_empty_batch
from orchestration.ingestion.records.run import ensure_dataset
from orchestration.ingestion.retraction import RETRACTED, RetractError, retract, retractions
from orchestration.ingestion.unprocessed_files import unread_files
from tests.unit.ingestion.record_workplace import Records, as_lines, good

pytestmark = pytest.mark.slow

NOW = datetime(2026, 11, 27, 1, 30, tzinfo=UTC)
SECTION = "section 'A batch of the lake is damaged'"


@pytest.fixture
def place(tmp_path: Path) -> Records:
    """Three days of dossiers, a batch each."""
    made = Records(tmp_path)
    for day in (1, 2, 3):
        made.deliver(as_lines([good("dossiers", 10 * day + n) for n in range(5)]), day=f"2025-12-0{day}")
        made.promote(made.ingest())
    return made


def files(place: Records) -> list[str]:
    paths = (path.relative_to(place.landing) for path in place.landing.rglob("*") if path.is_file())
    return sorted(path.as_posix() for path in paths)


def batch_of(place: Records, file: str) -> Path:
    """The folder of the batch that holds a landed file."""
    query = "select filename from read_parquet(?, filename = true, hive_partitioning = false) where source_file = ?"
    manifests = str(place.lake / "dossiers" / "batch=*" / "files.parquet")
    ((found,),) = duckdb.execute(query, [manifests, file]).fetchall()
    return Path(found).parent


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff\x00" * 500)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def gone(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def of_another_kind(path: Path) -> None:
    """Parquet, and whole, but of nothing that was written here."""
    write_empty_batch(path.parent, "else", {"x": {"a": "integer"}})
    (path.parent / "else" / "batch=0000000000000000" / "x.parquet").replace(path)


DAMAGES = [cut, garbage, empty, gone, folder, of_another_kind]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_manifest_is_named_by_whoever_reads_it(
    damage: Callable[[Path], None], place: Records
) -> None:
    path = batch_of(place, files(place)[1]) / "files.parquet"
    damage(path)
    place.deliver(as_lines([good("dossiers", 99)]), day="2025-12-04")
    for reads in (
        place.ingest,
        lambda: check_batches(place.lake, "dossiers"),
        lambda: unread_files(place.landing, place.lake, "dossiers"),
    ):
        with pytest.raises(DamagedError, match=SECTION) as raised:
            reads()
        assert str(path) in str(raised.value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_rows_that_are_gone_or_damaged_refuse_the_night(
    damage: Callable[[Path], None], place: Records
) -> None:
    """Before, a batch whose rows were gone was a batch without rows: its dossiers left the figures without a word."""
    path = batch_of(place, files(place)[1]) / "rows.parquet"
    check_batches(place.lake, "dossiers")
    damage(path)
    with pytest.raises(DamagedError, match=SECTION) as raised:
        check_batches(place.lake, "dossiers")
    assert str(path.parent) in str(raised.value)


def test_a_file_of_rows_that_is_damaged_within_is_found_where_a_build_has_failed(place: Records) -> None:
    path = batch_of(place, files(place)[0]) / "rows.parquet"
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    check_batches(place.lake, "dossiers")  # its footer is whole
    with pytest.raises(DamagedError, match=SECTION):
        check_values(place.lake, "dossiers")


def test_the_empty_batch_is_written_once_more_where_it_is_damaged(place: Records) -> None:
    target = ensure_dataset(place.lake, "dossiers")
    for damage in (cut, garbage, empty, gone):
        before = (target / "rows.parquet").read_bytes()
        damage(target / "rows.parquet")
        ensure_dataset(place.lake, "dossiers")
        assert (target / "rows.parquet").read_bytes() == before


def test_a_batch_that_was_moved_away_is_read_again_from_landing(place: Records, tmp_path: Path) -> None:
    """The way back that the message names."""
    served = files(place)
    lost = batch_of(place, served[1])
    cut(lost / "rows.parquet")
    shutil.move(lost, tmp_path / "kept")
    with pytest.raises(DamagedError, match=r"`make refresh` \(of all days\) reads them again") as raised:
        check_nothing_lost(place.lake, place.landing, "dossiers", served)
    assert served[1] in str(raised.value)
    assert served[0] not in str(raised.value)
    place.promote(place.ingest())
    check_batches(place.lake, "dossiers")
    check_nothing_lost(place.lake, place.landing, "dossiers", served)
    assert visible_batches(place.lake, "dossiers").count(lost.name.removeprefix("batch=")) == 1


def test_what_is_lost_for_good_is_given_up_on_the_record_or_put_back(place: Records) -> None:
    served = files(place)
    shutil.rmtree(batch_of(place, served[0]))
    kept = (place.landing / served[0]).read_bytes()
    (place.landing / served[0]).unlink()
    place.ingest()
    with pytest.raises(DamagedError, match=f"put {served[0]} back into landing .* give each up"):
        check_nothing_lost(place.lake, place.landing, "dossiers", served)
    with pytest.raises(RetractError, match="in no visible batch"):
        retract(
            place.lake,
            place.landing,
            "dossiers",
            "dossiers/2025-12-09/H19/x.jsonl",
            "lost",
            NOW,
            served=served,
        )
    retract(place.lake, place.landing, "dossiers", served[0], "the disk of 2025 is gone", NOW, served=served)
    check_nothing_lost(place.lake, place.landing, "dossiers", served)
    assert [record.reason for record in retractions(place.lake, "dossiers")] == ["the disk of 2025 is gone"]
    # Found after all: it is read, since nobody said that it was wrong.
    (place.landing / served[0]).write_bytes(kept)
    report = place.ingest()
    assert [file.source_file for file in report.files] == [served[0]]


def test_what_is_still_in_landing_is_not_given_up(place: Records) -> None:
    served = files(place)
    shutil.rmtree(batch_of(place, served[0]))
    with pytest.raises(RetractError, match="in no visible batch"):
        retract(place.lake, place.landing, "dossiers", served[0], "lost", NOW, served=served)


def test_a_delivery_that_was_taken_back_is_not_lost(place: Records) -> None:
    served = files(place)
    again = place.deliver((place.landing / served[0]).read_bytes(), "again.jsonl", day="2025-12-01")
    place.promote(place.ingest())
    retract(place.lake, place.landing, "dossiers", served[0], "wrong", NOW)
    place.ingest()
    named = again.relative_to(place.landing).as_posix()
    check_nothing_lost(place.lake, place.landing, "dossiers", [*served, named])


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"source_file": "x"}', "\udcff"])
def test_a_damaged_record_of_a_retraction_is_named_and_nothing_is_read(text: str, place: Records) -> None:
    taken = retract(place.lake, place.landing, "dossiers", files(place)[0], "wrong", NOW)
    (path,) = (place.lake / RETRACTED / "dossiers").glob("*.json")
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DamagedError, match="section 'A record of a retraction is damaged'") as raised:
        place.ingest()
    assert str(path) in str(raised.value)
    path.write_text(taken.to_json())  # as the served manifest has it
    assert place.ingest().files == ()


def test_a_record_of_a_retraction_that_is_gone_is_missed_and_can_be_written_again(place: Records) -> None:
    """Before, the file was read again, and served."""
    taken = retract(place.lake, place.landing, "dossiers", files(place)[0], "wrong", NOW)
    (path,) = (place.lake / RETRACTED / "dossiers").glob("*.json")
    path.unlink()
    with pytest.raises(DamagedError, match="section 'A record of a retraction is damaged'") as raised:
        check_retractions(place.lake, "dossiers", [vars(taken)])
    said = str(raised.value)
    assert str(path) in said
    path.write_text(said[said.index("with this text: ") + len("with this text: ") : said.index("} (") + 1])
    check_retractions(place.lake, "dossiers", [vars(taken)])
    assert retractions(place.lake, "dossiers") == [taken]


def test_a_record_under_another_name_is_not_taken_for_that_of_its_name(place: Records) -> None:
    retract(place.lake, place.landing, "dossiers", files(place)[0], "wrong", NOW)
    (path,) = (place.lake / RETRACTED / "dossiers").glob("*.json")
    path.rename(path.with_name(f"{'0' * 64}.H19.json"))
    with pytest.raises(DamagedError, match="that of its name"):
        retractions(place.lake, "dossiers")


def test_records_from_before_senders_were_in_their_names_hold(place: Records) -> None:
    taken = retract(place.lake, place.landing, "dossiers", files(place)[0], "wrong", NOW)
    (path,) = (place.lake / RETRACTED / "dossiers").glob("*.json")
    path.rename(path.with_name(f"{taken.file_hash}.json"))
    assert json.loads(path.with_name(f"{taken.file_hash}.json").read_text())["reason"] == "wrong"
    assert retractions(place.lake, "dossiers") == [taken]
