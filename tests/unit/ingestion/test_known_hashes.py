"""A scan that remembers what files were hashed to says what one says that hashes them all, and reads what is new alone.

Belongs here: what is kept, when it counts, and when it does not. Does not belong here: what a scan finds
(`test_ingest_landing`), and that what is read is what was hashed (`test_read_what_was_hashed`).
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from orchestration.ingestion import landing
from orchestration.ingestion.known_hashes import known_hashes
from orchestration.ingestion.landing import ALL_DAYS, Days, LandedFile, scan
from tests.unit.ingestion.record_workplace import Records, as_lines, good

SOURCE = "dossiers"
_now = time.time_ns


@pytest.fixture(autouse=True)
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan comes long enough after what landed that each later change shows."""
    monkeypatch.setattr(landing.time, "time_ns", lambda: _now() + 5_000_000_000)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The senders of the contents that are hashed from now on."""
    found: list[str] = []
    really = landing.delivery_hash

    def hashing(sender: str, content: Any) -> str:
        found.append(sender)
        return really(sender, content)

    monkeypatch.setattr(landing, "delivery_hash", hashing)
    yield found


def put(folder: Path, name: str, text: str, day: str = "2025-12-01") -> Path:
    path = folder / SOURCE / day / name / "a.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_file_is_hashed_once(tmp_path: Path, hashed: list[str]) -> None:
    put(tmp_path / "landing", "H19", "a")
    kept = tmp_path / "hashes" / "dossiers.json"
    first = scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    put(tmp_path / "landing", "H26", "b")
    second = scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    assert hashed == ["H19", "H26"]
    assert second == scan(tmp_path / "landing", SOURCE)
    assert first.files[0] == second.files[0]
    assert (first.files[0].state, first.files[0].is_settled) == (second.files[0].state, True)


def test_a_file_that_had_just_changed_is_hashed_again(
    tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another change in the same tick of the clock would not show."""
    monkeypatch.setattr(landing.time, "time_ns", _now)
    put(tmp_path / "landing", "H19", "a")
    for _ in range(2):
        scan(tmp_path / "landing", SOURCE, ALL_DAYS, tmp_path / "hashes" / "dossiers.json")
    assert hashed == ["H19", "H19"]


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"dossiers/2025-12-01/H19/a.jsonl": 3}', "\x00\xff", '{"a": [1]}']
)
def test_what_cannot_be_read_of_what_was_kept_is_forgotten(
    tmp_path: Path, hashed: list[str], damage: str
) -> None:
    put(tmp_path / "landing", "H19", "a")
    kept = tmp_path / "hashes" / "dossiers.json"
    scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    kept.write_bytes(damage.encode("latin-1"))
    for _ in range(2):
        assert len(scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept).files) == 1
    assert hashed == ["H19", "H19"], "once more, and kept again"


def test_some_days_leave_the_rest_as_it_was_kept_and_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    kept = tmp_path / "hashes" / "dossiers.json"
    old = put(tmp_path / "landing", "H19", "a", "2025-12-01")
    put(tmp_path / "landing", "H19", "b", "2025-12-02")
    scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    everything = known_hashes(kept)
    scan(tmp_path / "landing", SOURCE, Days(date(2025, 12, 2), date(2025, 12, 2)), kept)
    assert (known_hashes(kept), len(everything)) == (everything, 2)
    old.unlink()
    scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    assert [*known_hashes(kept)] == ["dossiers/2025-12-02/H19/a.jsonl"]


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    put(tmp_path / "landing", "H19", "a")
    kept = tmp_path / "hashes" / "dossiers.json"
    scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    before = kept.stat()
    scan(tmp_path / "landing", SOURCE, ALL_DAYS, kept)
    assert (kept.stat().st_ino, kept.stat().st_ctime_ns) == (before.st_ino, before.st_ctime_ns)


def test_a_file_that_its_sender_changes_after_it_was_read_is_reported(tmp_path: Path) -> None:
    """With the size and the time that it had: the night sees it all the same."""
    place = Records(tmp_path, SOURCE)
    kept = tmp_path / "hashes" / "dossiers.json"
    place.deliver(as_lines([good(SOURCE, 1)]), "a.jsonl")
    place.promote(place.ingest(hashes=kept))
    (path,) = place.landing.rglob("a.jsonl")
    assert place.ingest(hashes=kept).landing_problems == ()
    before = path.stat()
    wait_for_the_clock(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"-0001", b"-0002"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert [problem.reason_code for problem in place.ingest(hashes=kept).landing_problems] == [
        "landed_file_changed"
    ]


NAMES, TEXTS = st.sampled_from(["H19", "H26", "H29"]), st.sampled_from(["aa", "bb", "cc", "long"])


class Landing(RuleBasedStateMachine):
    """Whatever becomes of files, a scan that remembers finds what one finds that does not."""

    folder: Path

    @initialize()
    def begin(self) -> None:
        self.folder = Path(os.environ["PYTEST_FOLDER"]) / str(_now())
        (self.folder / "landing").mkdir(parents=True)

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    def path(self, name: str) -> Path:
        return self.landing / SOURCE / "2025-12-01" / name / "a.jsonl"

    @rule(name=NAMES, text=TEXTS)
    def written(self, name: str, text: str) -> None:
        put(self.landing, name, text)

    @rule(name=NAMES, text=TEXTS)
    def rewritten_with_its_time(self, name: str, text: str) -> None:
        if self.path(name).exists():
            before = self.path(name).stat()
            self.path(name).write_text(text)
            os.utime(self.path(name), ns=(before.st_atime_ns, before.st_mtime_ns))

    @rule(name=NAMES, other=NAMES)
    def moved(self, name: str, other: str) -> None:
        if self.path(name).exists() and name != other:
            self.path(other).parent.mkdir(exist_ok=True)
            self.path(name).rename(self.path(other))

    @rule(name=NAMES, other=NAMES)
    def copied_with_its_times(self, name: str, other: str) -> None:
        if self.path(name).exists() and not (
            self.path(other).exists() and self.path(name).samefile(self.path(other))
        ):
            self.path(other).parent.mkdir(exist_ok=True)
            shutil.copy2(self.path(name), self.path(other))

    @rule(name=NAMES, other=NAMES)
    def linked(self, name: str, other: str) -> None:
        if self.path(name).exists() and not self.path(other).exists():
            self.path(other).parent.mkdir(exist_ok=True)
            os.link(self.path(name), self.path(other))

    @rule(name=NAMES)
    def taken_away(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)

    @rule()
    def forgotten(self) -> None:
        (self.folder / "hashes" / "dossiers.json").unlink(missing_ok=True)

    @rule(name=NAMES)
    def kept_of_another_content(self, name: str) -> None:
        """A lake that was brought back from a backup: its files have had other states."""
        kept = self.folder / "hashes" / "dossiers.json"
        if kept.exists():
            found = json.loads(kept.read_text())
            for path, (state, _) in found.items():
                found[path] = [[0, *state[1:]], "0" * 64]
            kept.write_text(json.dumps(found))

    @invariant()
    def a_scan_that_remembers_finds_the_same(self) -> None:
        if hasattr(self, "folder"):
            kept = self.folder / "hashes" / "dossiers.json"
            remembered = scan(self.landing, SOURCE, ALL_DAYS, kept)
            assert remembered == scan(self.landing, SOURCE)
            assert [whole(file) for file in remembered.files] == [
                whole(f) for f in scan(self.landing, SOURCE).files
            ]


def wait_for_the_clock(folder: Path) -> None:
    """Until the file system's clock has ticked, so that the next change shows. Some tick every four milliseconds."""
    clock = folder / "clock"
    clock.touch()
    begun = clock.stat().st_ctime_ns
    while clock.stat().st_ctime_ns == begun:
        clock.touch()


def whole(file: LandedFile) -> tuple[Any, ...]:
    """What does not count when two are compared, too."""
    return file.sha256, file.size_bytes, file.state, file.is_settled


def test_whatever_becomes_of_files_the_same_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setenv("PYTEST_FOLDER", str(tmp_path))
    run_state_machine_as_test(
        Landing, settings=settings(max_examples=40, stateful_step_count=12, deadline=None)
    )
