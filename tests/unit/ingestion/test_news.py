"""Unread files: told from names alone, and seen to change while they grow."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import Days, delivery_days, scan
from orchestration.ingestion.records.mapping import load_mappings
from orchestration.ingestion.records.run import SAMPLE_KEY, ensure_dataset, ingest_records
from orchestration.ingestion.report import IngestReport
from orchestration.ingestion.retraction import retract
from orchestration.ingestion.rights import national
from orchestration.ingestion.unprocessed_files import unread_files
from orchestration.settings import REPOSITORY

ROW = '{{"agency_code": "H19", "year": "2025", "month": "{month}", "received": "10"}}\n'
SOURCE = "national_report_totals"


def deliver(root: Path, day: str, month: int) -> Path:
    path = root / "landing" / SOURCE / day / "nation" / "totals.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(ROW.format(month=month), encoding="utf-8")
    return path


def ingest(root: Path, *days: str) -> IngestReport:
    first, last = (date.fromisoformat(day) for day in (days[0], days[-1]))
    return ingest_records(
        SOURCE, root / "landing", root / "lake", root / "quarantine", REPOSITORY / "seeds/reference",
        load_mappings(REPOSITORY / "mappings"), SAMPLE_KEY, national("nation"), Days(first, last),
    )  # fmt: skip


def unread(root: Path) -> list[str]:
    ensure_dataset(root / "lake", SOURCE)
    return [file.path.split("/")[1] for file in unread_files(root / "landing", root / "lake", SOURCE)]


def test_a_run_of_some_days_leaves_the_others_unread(tmp_path: Path) -> None:
    for month, day in enumerate(["2025-07-01", "2025-07-02", "2025-07-03"], 1):
        deliver(tmp_path, day, month)
    assert unread(tmp_path) == ["2025-07-01", "2025-07-02", "2025-07-03"]

    report = ingest(tmp_path, "2025-07-02", "2025-07-03")
    assert report.batch_id is not None
    assert [file.rows_accepted for file in report.files] == [1, 1]
    # Read, but its gate has not let it in yet.
    assert unread(tmp_path) == ["2025-07-01", "2025-07-02", "2025-07-03"]
    promote(tmp_path / "lake", SOURCE, report.batch_id)
    assert unread(tmp_path) == ["2025-07-01"]


def test_what_was_taken_back_is_not_unread(tmp_path: Path) -> None:
    path = deliver(tmp_path, "2025-07-01", 1)
    report = ingest(tmp_path, "2025-07-01")
    assert report.batch_id is not None
    promote(tmp_path / "lake", SOURCE, report.batch_id)
    name = path.relative_to(tmp_path / "landing").as_posix()
    retract(tmp_path / "lake", tmp_path / "landing", SOURCE, name, "wrong", datetime.now(UTC))
    assert unread(tmp_path) == []


def test_the_state_of_a_file_changes_while_it_grows(tmp_path: Path) -> None:
    path = deliver(tmp_path, "2025-07-01", 1)
    ensure_dataset(tmp_path / "lake", SOURCE)
    (before,) = unread_files(tmp_path / "landing", tmp_path / "lake", SOURCE)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(ROW.format(month=2))
    (after,) = unread_files(tmp_path / "landing", tmp_path / "lake", SOURCE)
    assert before.path == after.path
    assert before.state != after.state


def test_what_is_no_file_is_no_delivery_and_breaks_nothing(tmp_path: Path) -> None:
    """The sensor looks every five minutes: whatever lies there, it must see the good file beside it."""
    good = deliver(tmp_path, "2025-07-01", 1)
    beside = good.parent
    (beside / "loop.jsonl").symlink_to(beside / "back.jsonl")
    (beside / "back.jsonl").symlink_to(beside / "loop.jsonl")
    (beside / "gone.jsonl").symlink_to(beside / "nowhere.jsonl")
    (beside / "out.jsonl").symlink_to("/etc/hostname")
    (beside / "folder.jsonl").mkdir()
    os.mkfifo(beside / "pipe.jsonl")
    Path(os.fsdecode(os.fsencode(beside) + b"/b\xe1o c\xe1o.jsonl")).write_bytes(b"{}")
    for empty in ("2025-07-02/nation", "2025-07-03", "2025-07-04/nation/folder", "2025-07-05/.hidden"):
        (tmp_path / "landing" / SOURCE / empty).mkdir(parents=True)
    (tmp_path / "landing" / SOURCE / "2025-07-05" / ".hidden" / "a.jsonl").write_bytes(b"{}")
    (tmp_path / "landing" / SOURCE / "2025-07-06").symlink_to(tmp_path)

    assert unread(tmp_path) == ["2025-07-01"]
    assert delivery_days(tmp_path / "landing", SOURCE) == {(date(2025, 7, 1), "nation")}

    scanned = scan(tmp_path / "landing", SOURCE)
    assert [file.path for file in scanned.files] == [good]
    said = {
        problem.file.split("/", 2)[2]: problem.reason_code
        for problem in scanned.problems
        if "07-01" in problem.file
    }
    assert said == {
        "nation/loop.jsonl": "link_leads_nowhere", "nation/back.jsonl": "link_leads_nowhere",
        "nation/gone.jsonl": "link_leads_nowhere", "nation/out.jsonl": "link_leaves_landing",
        "nation/pipe.jsonl": "not_a_file", "nation/b\\xe1o c\\xe1o.jsonl": "bad_file_name",
    }  # fmt: skip
