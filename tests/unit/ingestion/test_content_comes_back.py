"""Content A, then B, then A again: what came last holds, however the deliveries are spread over runs (ADR 0025).

Belongs here: which rows the lake then holds, and with which day. Does not belong here: what the models make of it
(`tests/pipeline/test_content_comes_back.py`).
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestration.ingestion.landing import ALL_DAYS, Days
from orchestration.ingestion.records.mapping import load_mappings
from orchestration.ingestion.records.run import SAMPLE_KEY, ingest_records
from orchestration.ingestion.report import IngestReport
from tests.all_may_deliver import EVERYONE
from tests.unit.ingestion.record_workplace import MAPPINGS, ROOT, Records, as_lines, good, packed

pytestmark = pytest.mark.slow

SOURCE = "national_report_totals"
A, B, C = (as_lines([good(SOURCE, received=received)]) for received in ("100", "120", "140"))
VALUE = {A: 100, B: 120, C: 140}


def ingest(place: Records, *days: int) -> IngestReport:
    """A run of these days of December, of all days where none is named."""
    place.landing.mkdir(parents=True, exist_ok=True)
    asked = Days(date(2025, 12, days[0]), date(2025, 12, days[-1])) if days else ALL_DAYS
    report = ingest_records(SOURCE, place.landing, place.lake, place.root / "quarantine", ROOT / "seeds/reference",
                            load_mappings(MAPPINGS), SAMPLE_KEY, EVERYONE, asked)  # fmt: skip
    for file in report.files:
        assert file.rows_read == file.rows_accepted + file.rows_quarantined + file.rows_duplicate
    if report.batch_id is not None:
        place.promote(report)
    return report


def deliver(place: Records, content: bytes, day: int, name: str = "a.jsonl", sender: str = "H19") -> Path:
    return place.deliver(content, name, f"2025-12-{day:02}", sender)


def lake(place: Records) -> list[tuple[Any, ...]]:
    """Day and figure of each row, in order."""
    rows = f"read_parquet('{place.lake}/{SOURCE}/batch=*/rows*.parquet')"
    return place.query(f"select day(delivery_date), received from {rows} order by all")


def last(rows: Iterable[tuple[int, int]]) -> set[int]:
    """The figures of the newest delivery; several where it has several files."""
    rows = list(rows)
    return {received for day, received in rows if day == max(rows)[0]}


@pytest.fixture
def place(tmp_path: Path) -> Records:
    return Records(tmp_path, SOURCE)


@pytest.mark.parametrize("is_one_run", [True, False])
def test_the_third_delivery_holds(place: Records, is_one_run: bool) -> None:
    for day, content in ((2, A), (3, B), (4, A)):
        deliver(place, content, day)
        if not is_one_run:
            ingest(place)
    report = ingest(place)
    assert last(lake(place)) == {100}
    assert lake(place) == ([(3, 120), (4, 100)] if is_one_run else [(2, 100), (3, 120), (4, 100)])
    if is_one_run:
        assert [(file.status, file.rows_accepted) for file in report.files] == [
            ("duplicate", 0), ("accepted", 1), ("accepted", 1)]  # fmt: skip
    again = ingest(place)
    assert again.batch_id is None
    assert last(lake(place)) == {100}


def test_back_and_forth(place: Records) -> None:
    for day, content in enumerate((A, B, A, B, B, A), start=1):
        deliver(place, content, day)
        ingest(place)
        assert last(lake(place)) == {VALUE[content]}
    assert len(lake(place)) == 5  # the second B in a row says nothing new


def test_a_snapshot_that_repeats_every_night_is_stored_once(place: Records) -> None:
    """Two files of one sender, neither of which is news to the other."""
    for day in range(1, 8):
        deliver(place, A, day)
        deliver(place, as_lines([good(SOURCE, agency_code="H21")]), day, "b.jsonl")
        report = ingest(place, day)
        assert sum(file.rows_accepted for file in report.files) == (0 if day > 1 else 2)
        assert [file.rows_duplicate for file in report.files] == ([1, 1] if day > 1 else [0, 0])
    assert len(lake(place)) == 2


def test_the_same_day_under_another_name_is_a_duplicate(place: Records) -> None:
    deliver(place, A, 2)
    deliver(place, B, 3)
    ingest(place)
    deliver(place, A, 4)
    deliver(place, A, 4, "b.jsonl")
    report = ingest(place)
    assert [(file.status, file.rows_accepted) for file in report.files] == [
        ("accepted", 1), ("duplicate", 0)]  # fmt: skip
    assert ingest(place).batch_id is None


def test_it_comes_back_from_another_sender(place: Records) -> None:
    deliver(place, A, 2)
    deliver(place, B, 3)
    ingest(place)
    deliver(place, A, 4, sender="H21")
    ingest(place)
    assert lake(place)[-1] == (4, 100)
    deliver(place, B, 5)
    ingest(place)
    assert lake(place)[-1] == (5, 120)


def test_it_comes_back_packed(place: Records) -> None:
    for day, content, name in ((2, A, "a.jsonl"), (3, B, "a.jsonl"), (4, packed(A), "a.jsonl.gz"),
                               (5, packed(B), "a.jsonl.gz"), (6, gzip.compress(A, 1), "a.jsonl.gz")):  # fmt: skip
        deliver(place, content, day, name)
        ingest(place)
    assert lake(place) == [(2, 100), (3, 120), (4, 100), (5, 120), (6, 100)]


def test_what_comes_late_does_not_outdo_a_repetition_that_was_passed_over(place: Records) -> None:
    """The night of the 4th saw A again and nothing since: a duplicate. Then B of the 3rd comes late, in a run of its
    own day."""
    for day in (2, 4):
        deliver(place, A, day)
        ingest(place, day)
    assert lake(place) == [(2, 100)]
    deliver(place, B, 3)
    ingest(place, 3)
    assert lake(place) == [(2, 100), (3, 120), (4, 100)]
    for day in (2, 3, 4):
        assert ingest(place, day).batch_id is None


def test_refused_content_that_comes_back_is_somebodys_work_again(place: Records) -> None:
    bad = as_lines([good(SOURCE, received="x"), good(SOURCE, 2, month="9")])
    for day, content in ((2, bad), (3, A), (4, bad)):
        deliver(place, content, day)
        report = ingest(place, day)
    assert [file.status for file in report.files] == ["partly_quarantined"]
    assert report.is_blocked


DELIVERIES = st.lists(
    st.tuples(st.sampled_from([A, B, C]), st.integers(1, 4), st.sampled_from(["a", "b"]),
              st.sampled_from(["H19", "H21"])),
    min_size=1, max_size=7, unique_by=lambda delivered: delivered[1:],
)  # fmt: skip


@given(delivered=DELIVERIES, together=st.lists(st.booleans(), min_size=7, max_size=7), by_day=st.booleans())
@example(delivered=[(B, 1, "a", "H19"), (A, 2, "a", "H19"), (A, 4, "a", "H19"), (B, 3, "a", "H19")],
         together=[False] * 7, by_day=True)  # fmt: skip
@example(
    delivered=[(B, 2, "a", "H21"), (A, 2, "a", "H19"), (A, 3, "a", "H19")], together=[False] * 7, by_day=False
)
@example(
    delivered=[(A, 1, "a", "H21"), (B, 3, "a", "H19"), (B, 4, "a", "H19"), (A, 4, "a", "H21")],
    together=[False] * 7, by_day=False,
)  # fmt: skip
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_newest_delivery_holds_in_any_order_and_any_runs(
    delivered: list[tuple[bytes, int, str, str]], together: list[bool], by_day: bool, tmp_path: Path
) -> None:
    """They land in the order drawn; a run follows each of them, or some together; of its own day, or of all."""
    shutil.rmtree(tmp_path / "place", ignore_errors=True)
    place = Records(tmp_path / "place", SOURCE)
    for (content, day, name, sender), waits in zip(delivered, together, strict=False):
        deliver(place, content, day, f"{name}.jsonl", sender)
        if not waits:
            ingest(place, *([day] if by_day else []))
    for day in sorted({day for _, day, _, _ in delivered}):
        ingest(place, day)
    assert last(lake(place)) == last((day, VALUE[content]) for content, day, _, _ in delivered)
    assert len(lake(place)) <= len(delivered)
    before = lake(place)
    assert ingest(place).batch_id is None
    assert lake(place) == before


@pytest.mark.parametrize("runs", [[(1,), (2,), (3,)], [(1, 3)]], ids=["each day by itself", "all at once"])
def test_what_a_catalogue_says_on_several_days_is_kept_of_each(tmp_path: Path, runs: list[Any]) -> None:
    """One procedure stays as it is while another changes: since when each was so is told by the days (ADR 0042)."""
    source = "procedures"
    place = Records(tmp_path, source)
    for day, limit in ((1, 5), (2, 7), (3, 9)):
        rows = [good(source, 1), good(source, 2, statutory_limit=str(limit)), good(source, 1)]
        place.deliver(as_lines(rows), "a.jsonl", f"2025-12-{day:02}")
    for days in runs:
        asked = Days(date(2025, 12, days[0]), date(2025, 12, days[-1]))
        report = ingest_records(source, place.landing, place.lake, place.root / "quarantine", ROOT / "seeds/reference",
                                load_mappings(MAPPINGS), SAMPLE_KEY, EVERYONE, asked)  # fmt: skip
        # Within a delivery a row that is repeated is a duplicate all the same.
        assert {(file.rows_accepted, file.rows_duplicate) for file in report.files} == {(2, 1)}
        place.promote(report)
    kept = f"from read_parquet('{place.lake}/{source}/batch=*/rows*.parquet')"
    assert place.query(f"select day(delivery_date), count(*), max(statutory_limit) {kept} group by all order by all") == [
        (1, 2, 5), (2, 2, 7), (3, 2, 9)
    ]  # fmt: skip
