"""Taking a file back out of the lake: what leaves, what comes back, and what a crash leaves behind."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion import retraction as module
from orchestration.ingestion.lake import visible_batches
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.retraction import RetractError, retract, retractions
from tests.unit.ingestion.conftest import Workplace, read
from tests.unit.ingestion.record_workplace import Records, as_lines, good

NOW = datetime(2026, 11, 23, tzinfo=UTC)
BAD = f"{PORTAL}/2026-10-10/nation/bad.json"


@pytest.fixture
def workplace(new_workplace: Any, payload: Any) -> Workplace:
    """A visible batch of two files: one of them will turn out to be wrong."""
    made: Workplace = new_workplace()
    made.deliver(payload("summary"), "good.json", "2026-09-26")
    made.deliver(payload("provinces"), "bad.json")
    made.promote(made.ingest())
    return made


def take_back(workplace: Workplace, file: str = BAD, reason: str = "wrong figures") -> None:
    retract(workplace.lake, workplace.landing, PORTAL, file, reason, NOW)


def files_seen(workplace: Workplace) -> set[str]:
    folders = [workplace.lake / PORTAL / f"batch={b}" for b in visible_batches(workplace.lake, PORTAL)]
    if not folders:
        return set()
    rows = (
        row
        for folder in folders
        for row in read("select source_file from read_parquet(?)", folder / "rows.parquet")
    )
    return {name.rsplit("/")[-1] for (name,) in rows}


def test_a_retracted_file_leaves_and_its_neighbours_come_back(workplace: Workplace) -> None:
    take_back(workplace)
    assert files_seen(workplace) == set()
    report = workplace.ingest()
    assert [file.source_file.rsplit("/")[-1] for file in report.files] == ["good.json"]
    workplace.promote(report)
    assert files_seen(workplace) == {"good.json"}


def test_a_retracted_file_is_never_read_again_under_any_name(workplace: Workplace, payload: Any) -> None:
    take_back(workplace)
    workplace.promote(workplace.ingest())
    workplace.deliver(payload("provinces"), "again.json", "2026-10-12")
    assert workplace.ingest().batch_id is None
    assert files_seen(workplace) == {"good.json"}


def test_the_record_says_what_why_and_when(workplace: Workplace) -> None:
    take_back(workplace, reason="  figures of another year ")
    (made,) = retractions(workplace.lake, PORTAL)
    assert (made.source_file, made.reason, made.retracted_at) == (
        BAD,
        "figures of another year",
        "2026-11-23T00:00:00+00:00",
    )


def test_a_crash_after_the_record_is_finished_by_the_next_run(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(lake: object, source: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(module, "apply_retractions", crash)
        take_back(workplace)
    assert files_seen(workplace) == {"good.json", "bad.json"}
    workplace.promote(workplace.ingest())
    assert files_seen(workplace) == {"good.json"}


def test_nothing_is_lost_when_a_neighbour_has_left_landing(workplace: Workplace) -> None:
    shutil.rmtree(workplace.landing / PORTAL / "2026-09-26")
    with pytest.raises(RetractError, match=r"good\.json.*put back first"):
        take_back(workplace)
    assert files_seen(workplace) == {"good.json", "bad.json"}
    assert retractions(workplace.lake, PORTAL) == []


@pytest.mark.parametrize(
    ("file", "reason", "told"),
    [("nowhere.json", "wrong", "in no visible batch"), (BAD, " ", "no reason given")],
)
def test_what_cannot_be_retracted_is_refused(workplace: Workplace, file: str, reason: str, told: str) -> None:
    before = workplace.contents()
    with pytest.raises(RetractError, match=told):
        take_back(workplace, file, reason)
    assert workplace.contents() == before


FORGED = "dossiers/2025-12-01/H20/a.jsonl"


@pytest.mark.parametrize("is_one_run", [True, False])
@pytest.mark.parametrize("days", [("2025-12-01", "2025-12-01"), ("2025-12-01", "2025-12-02")])
def test_a_copy_taken_back_leaves_the_owners_own_file(
    tmp_path: Path, is_one_run: bool, days: tuple[str, str]
) -> None:
    """Two senders deliver the same. What is taken back is one's delivery, not the content."""
    place = Records(tmp_path)
    content = as_lines([good("dossiers", number) for number in range(3)])
    place.deliver(content, "a.jsonl", days[0], sender="H20")
    if not is_one_run:
        place.promote(place.ingest())
    place.deliver(content, "b.jsonl", days[1], sender="H21")
    place.promote(place.ingest())

    def visible() -> list[tuple[Any, ...]]:
        files = place.lake / "dossiers" / "batch=*" / "files.parquet"
        return place.query(
            f"select sender, rows_accepted from '{files}' where rows_accepted > 0 order by all"
        )

    assert visible() == [("H20", 3), ("H21", 3)]
    retract(place.lake, place.landing, "dossiers", FORGED, "not theirs", NOW)
    again = place.ingest()
    if (
        again.batch_id is not None
    ):  # the owner's file was of the same batch, which is made without the other's
        place.promote(again)
    assert visible() == [("H21", 3)]
    # And that is the end of it: nothing is moved or read once more.
    before = place.all_bytes()
    assert place.ingest().batch_id is None
    assert place.all_bytes() == before


def test_both_deliveries_of_one_content_can_be_taken_back(tmp_path: Path) -> None:
    place = Records(tmp_path)
    for sender in ("H20", "H21"):
        place.deliver(as_lines([good("dossiers")]), "a.jsonl", sender=sender)
    place.promote(place.ingest())
    retract(place.lake, place.landing, "dossiers", FORGED, "not theirs", NOW)
    place.promote(place.ingest())
    retract(place.lake, place.landing, "dossiers", FORGED.replace("H20", "H21"), "wrong as well", NOW)
    assert {made.source_file.split("/")[2] for made in retractions(place.lake, "dossiers")} == {"H20", "H21"}
    assert place.ingest().batch_id is None
    assert visible_batches(place.lake, "dossiers") == ()
