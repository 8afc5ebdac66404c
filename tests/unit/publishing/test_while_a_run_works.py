"""Commands that are given while a run is at work: they wait, say so, and do what was meant when they were given.

The run is a process that holds the lock; while the command waits for it, it publishes, and ends.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orchestration import cli
from orchestration.ingestion.lake import work_folder
from orchestration.ingestion.records.run import ensure_dataset
from orchestration.publishing.closed_months import revisions
from orchestration.publishing.release import Release, current
from orchestration.publishing.rollback import hold_of, lift_hold, records, roll_back
from orchestration.run_lock import LOCK, one_writer
from orchestration.settings import REPOSITORY

ReleaseBuild = Callable[..., Release]
WHO = ["--by", "duty officer", "--reason", "H19 sent last year's file"]
RUN = (
    "import pathlib, sys\nfrom orchestration.run_lock import one_writer\n"
    "with one_writer(pathlib.Path(sys.argv[1]), print):\n    print('held', flush=True)\n    sys.stdin.read()\n"
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def release(make_build: Callable[..., Path], release_build: ReleaseBuild) -> Callable[[int], Release]:
    return lambda number: release_build(make_build(), seconds=number, batches=[str(number)])


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, list[str]]]]:
    """Give a command while a run works; `meanwhile` is what that does before it ends."""
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(home))
    running: list[subprocess.Popen[str]] = []

    def give(command: list[str], meanwhile: Callable[[], object] = lambda: None) -> tuple[int, list[str]]:
        holder = subprocess.Popen(
            [sys.executable, "-c", RUN, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            cwd=REPOSITORY,
        )  # fmt: skip
        running.append(holder)
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        said: list[str] = []

        def hear(*words: object, **_: object) -> None:
            said.append(" ".join(map(str, words)))
            if said[-1].startswith("waiting for the run of process"):
                meanwhile()
                holder.kill()

        monkeypatch.setattr("builtins.print", hear)
        code = cli.main(command)
        assert said[0].startswith(f"waiting for the run of process {holder.pid}")
        return code, said[1:]

    yield give
    for holder in running:
        holder.kill()
        holder.communicate()


def served(serving: Path) -> str:
    found = current(serving)
    assert found is not None
    return found.release_id


def test_a_rollback_goes_before_what_was_served_when_it_was_asked_for(
    serving: Path, release: Callable[[int], Release], run: Callable[..., tuple[int, list[str]]]
) -> None:
    """The second is wrong. While the command waits, the run publishes a third, before which is the second."""
    first, _ = release(1), release(2)
    code, _ = run(["rollback", *WHO], meanwhile=lambda: release(3))
    assert (code, served(serving)) == (0, first.release_id)


def test_a_hold_that_came_after_it_was_asked_for_is_not_lifted(
    serving: Path, release: Callable[[int], Release], run: Callable[..., tuple[int, list[str]]]
) -> None:
    releases = [release(number) for number in range(3)]
    roll_back(serving, "duty officer", "one", datetime.now(UTC))

    def another() -> None:
        roll_back(serving, "colleague", "two", datetime.now(UTC), releases[0].release_id)

    code, _ = run(["unhold", *WHO], meanwhile=another)
    held = hold_of(serving)
    assert code == 0
    assert held is not None
    assert (held.by, [bool(record.lifted_at) for record in records(serving)]) == ("colleague", [True, False])
    lift_hold(serving, "head", "both looked at", datetime.now(UTC))
    assert hold_of(serving) is None


def test_a_month_is_not_closed_as_nobody_saw_it(
    home: Path, serving: Path, release: Callable[[int], Release], run: Callable[..., tuple[int, list[str]]]
) -> None:
    first = release(1)
    code, said = run(["close", "2025-10-01"], meanwhile=lambda: release(2))
    assert code == 1
    assert f"took the place of {first.release_id}" in said[0]
    assert revisions(home / "closed") == []


def test_a_retraction_waits_until_the_run_that_reads_the_file_has_ended(
    home: Path, run: Callable[..., tuple[int, list[str]]]
) -> None:
    ensure_dataset(home / "lake", "petitions")
    code, said = run(["retract", "petitions/2025-12-01/H19/a.jsonl", *WHO])
    assert (code, len(said)) == (1, 1)
    assert "in no visible batch of petitions" in said[0], "it looked after the run, not before"


def test_nobody_else_can_open_the_lock(home: Path) -> None:
    """Who can open a file, even to read it, can lock it for ever."""
    home.mkdir()
    (home / LOCK).touch(0o644)
    with one_writer(home, print):
        assert stat.S_IMODE((home / LOCK).stat().st_mode) == 0o600


def test_the_lock_is_taken_once_by_a_command_and_the_run_that_it_starts(home: Path) -> None:
    said: list[str] = []
    with one_writer(home, said.append):
        with one_writer(home, said.append):
            pass
        other = subprocess.run(
            [sys.executable, "-c", RUN.replace("print)", "sys.exit)"), str(home)], cwd=REPOSITORY, input="", text=True,
            capture_output=True, check=False,
        )  # fmt: skip
        assert f"waiting for the run of process {os.getpid()}" in other.stderr, "it is still held"
    assert said == []


def test_what_a_killed_run_was_reading_is_removed_before_anything_else(home: Path) -> None:
    left = work_folder(home / "lake", "dossiers", "0123456789abcdef")
    (left / "unpacked.csv").write_text("Nguyễn Văn A,079201000123")
    assert stat.S_IMODE(left.stat().st_mode) == 0o700
    with one_writer(home, print):
        assert not left.exists()


@pytest.mark.slow
def test_a_second_refresh_waits_and_leaves_the_first_ones_log_alone(
    home: Path, run: Callable[..., tuple[int, list[str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    log = home / "build" / "run.log"
    log.parent.mkdir(parents=True)
    log.write_text("what the first run says")
    seen: list[str] = []
    run(["refresh"], meanwhile=lambda: seen.append(log.read_text()))
    assert seen == ["what the first run says"]
    assert "what the first run says" not in log.read_text()
