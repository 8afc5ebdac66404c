"""What is read is what the hash says, whatever a sender does to a file between scan and reading, or while it is read.

Belongs here: files rewritten, replaced and swapped, links that lead elsewhere a moment later. Does not belong here: files
that grow (`test_records_batches`) or vanish (`test_full_disk`).
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion import landing
from orchestration.ingestion.landing import Problem, examine
from orchestration.ingestion.records import read_files
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

HASHED, FORGED = "H19.95-250701-0001", "H19.95-250701-0002"
FORMATS: dict[str, Callable[[list[dict[str, Any]], Path], bytes]] = {
    "a.jsonl": lambda rows, _: as_lines(rows),
    "a.jsonl.gz": lambda rows, _: packed(as_lines(rows)),
    "a.json": lambda rows, _: as_envelope(rows),
    "a.json.gz": lambda rows, _: packed(as_envelope(rows)),
    "a.csv": lambda rows, _: as_csv(rows),
    "a.csv.gz": lambda rows, _: packed(as_csv(rows)),
    "a.parquet": as_parquet,
    "a.xlsx": as_xlsx,
}


def rewritten(path: Path, forged: bytes) -> None:
    """In place, with the same size, and the times that it had."""
    before = path.stat()
    assert len(forged) == before.st_size
    with path.open("r+b") as stream:
        stream.write(forged)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path, forged: bytes) -> None:
    """By another file of the same size and times, as transfers do it."""
    before = path.stat()
    aside = path.with_name(".aside")
    aside.write_bytes(forged)
    os.utime(aside, ns=(before.st_atime_ns, before.st_mtime_ns))
    aside.replace(path)


def led_elsewhere(path: Path, forged: bytes) -> None:
    """A link of the sender's, to another file of the landing folder."""
    other = path.parent / ".other"
    other.write_bytes(forged)
    aside = path.with_name(".aside")
    aside.symlink_to(other)
    aside.replace(path)


def piped(path: Path, _: bytes) -> None:
    """Whoever opens it waits for a writer."""
    path.unlink()
    os.mkfifo(path)


WAYS = {"a pipe": piped, "rewritten": rewritten, "replaced": replaced, "led elsewhere": led_elsewhere}
#: Before the file is opened; once it is open; once all of it was read.
MOMENTS = {"before": ("read", True), "while": ("classify", True), "after": ("classify", False)}


def at(moment: str, act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    name, is_before = MOMENTS[moment]
    real = getattr(read_files, name)

    def hooked(self: Any, *arguments: Any) -> None:
        if is_before:
            act()
        real(self, *arguments)
        if not is_before:
            act()

    monkeypatch.setattr(read_files, name, hooked)


def contents(name: str, folder: Path) -> list[bytes]:
    """Two of one size: a packed one is padded as gzip allows, a workbook in its comment."""
    made = [FORMATS[name]([good("dossiers", number)], folder) for number in (1, 2)]
    size = max(map(len, made)) + 1
    if name.endswith(".gz"):
        return [content + b"\0" * (size - len(content)) for content in made]
    return [commented(content, size) for content in made] if name.endswith(".xlsx") else made


def commented(book: bytes, size: int) -> bytes:
    made = io.BytesIO(book)
    with zipfile.ZipFile(made, "a") as archive:
        archive.comment = b"x" * (size - len(book))
    return made.getvalue()


#: Every way for what is linked to, read by Python and by the engine; the others are unpacked or rewritten first.
CASES = [
    (name, way) for name in FORMATS for way in WAYS if way == "rewritten" or name in ("a.jsonl", "a.parquet")
]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("name", "way"), CASES)
def test_a_file_that_changes_is_read_as_hashed_or_not_at_all(
    name: str, way: str, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Records(tmp_path)
    hashed, forged = contents(name, tmp_path)
    path = place.deliver(hashed, name)
    at(moment, lambda: WAYS[way](path, forged), monkeypatch)
    report = place.ingest()
    codes = [code for (code,) in place.rows(report, "dossier_code")] if report.batch_id else []
    assert codes in ([], [HASHED])
    if not codes:
        assert [problem.reason_code for problem in report.unread] == ["changed_while_reading"]
    assert place.quarantined() == [], "no sender is to blame"
    monkeypatch.undo()
    if not codes and way != "a pipe":  # the next run reads what lies there now
        assert [code for (code,) in place.rows(place.ingest(), "dossier_code")] == [FORGED]


@pytest.mark.parametrize("moment", ["before", "while"])
@pytest.mark.parametrize("way", WAYS)
def test_one_of_many_small_files_that_changes_is_read_as_hashed_or_not_at_all(
    way: str, moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are read together are copied first, so that what changes afterwards is nothing to this run."""
    place = Records(tmp_path)
    hashed, forged = contents("a.jsonl", tmp_path)
    path = place.deliver(hashed, "a.jsonl")
    for number in (3, 4):
        place.deliver(as_lines([good("dossiers", number)]), f"{number}.jsonl")
    name = {"before": "read", "while": "_read_together"}[moment]
    real = getattr(read_files, name)
    changes = iter([lambda: WAYS[way](path, forged)])

    def hooked(self: Any, *arguments: Any) -> None:
        next(changes, lambda: None)()
        real(self, *arguments)

    monkeypatch.setattr(read_files, name, hooked)
    report = place.ingest()
    expected = {"H19.95-250701-0003", "H19.95-250701-0004"} | ({HASHED} if moment == "while" else set())
    assert {code for (code,) in place.rows(report, "dossier_code")} == expected
    reasons = [problem.reason_code for problem in report.unread]
    assert reasons == (["changed_while_reading"] if moment == "before" else [])
    assert place.quarantined() == []


@pytest.mark.parametrize("back", ["classify", "read"])
def test_a_link_that_leads_elsewhere_for_a_moment_is_not_followed_there(
    back: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders below the sender's are swapped, so that neither file changes, and swapped back before anyone looks."""
    place = Records(tmp_path)
    path = place.deliver(b"x", "a.jsonl")
    path.unlink()
    sender = path.parent
    for folder, number in (("one", 1), ("two", 2)):
        (sender / folder).mkdir()
        (sender / folder / ".a").write_bytes(as_lines([good("dossiers", number)]))
    path.symlink_to("one/.a")
    real, stage = read_files.read, read_files.classify

    def swap() -> None:
        (sender / "one").rename(sender / "three")
        (sender / "two").rename(sender / "one")
        (sender / "three").rename(sender / "two")

    def read(self: Any, *arguments: Any) -> None:
        swap()
        real(self, *arguments)
        if back == "read":
            swap()

    def stage_swapped(self: Any, *arguments: Any) -> None:
        stage(self, *arguments)
        if back == "classify":
            swap()

    monkeypatch.setattr(read_files, "read", read)
    monkeypatch.setattr(read_files, "classify", stage_swapped)
    report = place.ingest()
    assert [problem.reason_code for problem in report.unread] == ["changed_while_reading"]
    assert report.batch_id is None


@pytest.mark.parametrize("outside", ["file", "folder"])
def test_a_link_that_leaves_the_landing_folder_after_it_was_looked_at_is_not_followed(
    outside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Records(tmp_path)
    inside = place.deliver(as_lines([good("dossiers", 1)]), ".a.jsonl")
    secret = tmp_path / "secret" / ".a.jsonl"
    secret.parent.mkdir()
    secret.write_bytes(as_lines([good("dossiers", 2)]))
    path = inside.with_name("a.jsonl")
    folder = inside.with_name("sub")
    folder.mkdir()
    inside.rename(folder / ".a.jsonl")
    path.symlink_to("sub/.a.jsonl")
    check = landing._check_kind

    def check_then_swap(*arguments: Any) -> None:
        check(*arguments)
        if outside == "file":
            path.unlink()
            path.symlink_to(secret)
        else:
            folder.rename(folder.with_name("gone"))
            folder.symlink_to(secret.parent)

    monkeypatch.setattr(landing, "_check_kind", check_then_swap)
    found = examine(place.landing, path)
    assert isinstance(found, Problem)
    assert found.reason_code == "link_leaves_landing"
