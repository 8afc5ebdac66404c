"""Who may be behind a move that holds a release: real deliveries of several senders, since what is served.

Belongs here: which senders, files and retractions are named. Does not belong here: that a move is held
(`tests/pipeline/test_hold.py`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration import deliveries_behind as module
from orchestration.deliveries_behind import FILES_SHOWN, deliveries_behind
from orchestration.fingerprints import Served
from orchestration.ingestion.retraction import retract
from orchestration.ingestion.rights import load_rights
from orchestration.settings import REPOSITORY, Settings
from tests.unit.ingestion.record_workplace import Records, as_lines, good

DONG_NAI, HA_NOI = ("records", "75"), ("records", "01")


@pytest.fixture
def place(tmp_path: Path) -> Records:
    """A data folder with the rights of the project: each province for itself, the nation for petitions of all."""
    return Records(tmp_path, rights=load_rights(REPOSITORY / "seeds" / "agreements" / "delivery_rights.csv"))


def deliver(place: Records, sender: str, *numbers: int, name: str = "a.jsonl") -> str:
    rows = [good("dossiers", number, MaHoSo=f"{sender}.95-250701-{number:04}") for number in numbers]
    place.deliver(as_lines(rows), name, sender=sender)
    return f"dossiers/2025-12-01/{sender}/{name}"


def lines(place: Records, *moved: tuple[str, str]) -> list[str]:
    return deliveries_behind(Settings(place.root), moved).text.splitlines()


def serve(monkeypatch: pytest.MonkeyPatch, *files: str) -> None:
    monkeypatch.setattr(module, "served_deliveries", lambda _: Served(frozenset(files)))


def test_the_senders_of_the_province_are_named_and_no_others(place: Records) -> None:
    """H19 and H26 delivered; Đồng Nai moved. What H26 may not say of it cannot be the reason."""
    own, other = deliver(place, "H19", 1, 2), deliver(place, "H26", 3)
    place.promote(place.ingest())
    head = "Since then came, from senders who may deliver for them (records):"
    assert lines(place, DONG_NAI) == [head, f"- H19: {own}, 2 rows"]
    assert lines(place, DONG_NAI, HA_NOI) == [head, f"- H19: {own}, 2 rows", f"- H26: {other}, 1 rows"]


def test_what_is_served_already_is_behind_nothing(place: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = deliver(place, "H19", 1), deliver(place, "H19", 2, 3, name="b.jsonl")
    place.promote(place.ingest())
    serve(monkeypatch, old)
    assert lines(place, DONG_NAI)[1:] == [f"- H19: {new}, 2 rows"]
    serve(monkeypatch, old, new)
    assert lines(place, DONG_NAI)[1:] == ["no delivery: code, agreements or reference data have changed"]


def test_a_delivery_that_was_taken_back_is_named_with_its_reason(
    place: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are gone, which moves a province as much as new ones do."""
    kept, taken = deliver(place, "H19", 1), deliver(place, "H19", 2, name="b.jsonl")
    place.promote(place.ingest())
    serve(monkeypatch, kept, taken)
    retract(place.lake, place.landing, "dossiers", taken, "last year's", datetime.now(UTC), "duty")
    place.promote(place.ingest())
    assert lines(place, DONG_NAI)[1:] == [f"- retracted: {taken} (last year's)"]


def test_of_many_files_the_largest_are_named_and_the_rest_counted(place: Records) -> None:
    for number in range(FILES_SHOWN + 2):
        deliver(place, "H19", number, name=f"{number:02}.jsonl")
    largest = deliver(place, "H19", 100, 101, name="z.jsonl")
    place.promote(place.ingest())
    named = lines(place, DONG_NAI)[1:]
    assert named[0] == f"- H19: {largest}, 2 rows"
    assert (len(named), named[-1]) == (FILES_SHOWN + 1, "- and 3 more")


def test_records_are_not_behind_what_the_portal_shows(place: Records) -> None:
    deliver(place, "H19", 1)
    place.promote(place.ingest())
    assert lines(place, ("portal", "75"))[1:] == [
        "no delivery: code, agreements or reference data have changed"
    ]
