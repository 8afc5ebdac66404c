"""A run that dies in the middle of publishing, at every step there is, and the run that comes after it.

Belongs here: what is served after a crash, and that the next publication leaves no trace of it.
Does not belong here: refusals (`test_release.py`), and how a run is made to die (`crashes`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publishing.release import SERVED, Release
from tests.unit.publishing.crashes import (
    IN_DUCKDB,
    KEPT,
    ON_FILES,
    Killed,
    Steps,
    is_whole,
    publish_text,
    publish_texts,
    served,
    watch_steps,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return watch_steps(monkeypatch)


@pytest.fixture
def without_duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    publish_texts(monkeypatch)


def strays(serving: Path, ever_served: list[str]) -> list[str]:
    """What lies in the folder beyond the last releases that were served, and what those lack."""
    expected = {"current", "releases", *SERVED}
    for release_id in ever_served[-KEPT:]:
        expected |= {f"releases/{release_id}", f"releases/{release_id}/parquet/t.parquet"}
        expected |= {f"releases/{release_id}/{name}" for name in SERVED}
    return sorted(expected ^ {str(path.relative_to(serving)) for path in serving.rglob("*")})


HISTORIES: dict[str, list[str]] = {
    "nothing was served yet": [],
    "one release was served": ["old"],
    "as many as are kept were served": ["older", "old"],
}


@pytest.mark.usefixtures("without_duckdb")
@pytest.mark.parametrize("kind", ON_FILES)
@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_a_crash_at_any_step_leaves_a_whole_release_and_the_next_run_no_trace(
    history: list[str], kind: str, tmp_path: Path, steps: Steps
) -> None:
    start = tmp_path / "start" / "serving"
    start.mkdir(parents=True)
    before = [publish_text(data, start, number).release_id for number, data in enumerate(history)]
    old = served(start)
    undisturbed = tmp_path / "undisturbed" / "serving"
    shutil.copytree(start, undisturbed, symlinks=True)
    with steps.watch(ON_FILES):
        publish_text("new", undisturbed, 10)
    fatal = [number for number, label in enumerate(steps.seen) if label.startswith(kind)]
    labels = list(steps.seen)
    # Folders are removed only where there are more releases than are kept.
    assert fatal or (kind in ("unlink", "rmdir") and len(history) < KEPT)

    wrong = []
    for number in fatal:
        crashed = tmp_path / f"crashed at {number}" / "serving"
        shutil.copytree(start, crashed, symlinks=True)
        with pytest.raises(Killed), steps.watch(ON_FILES, number):
            publish_text("new", crashed, 10)
        found = served(crashed)
        swapped = is_whole(found, "new")
        if not (swapped or found == old):
            wrong.append(f"{labels[number]}: served after the crash: {found}")
        lived = [*before, os.readlink(crashed / "current").rpartition("/")[2]] if swapped else before

        for data, seconds in (("new", 10), ("new", 11), ("old", 11), ("newer", 9)):
            after = tmp_path / f"then {data} {number} {seconds}" / "serving"
            shutil.copytree(crashed, after, symlinks=True)
            made = publish_text(data, after, seconds)
            left = strays(after, [*lived, made.release_id] if made.is_new else lived)
            if not is_whole(served(after), data):
                wrong.append(f"{labels[number]}, then {data}: served {served(after)}")
            if left:
                wrong.append(f"{labels[number]}, then {data}: too much or too little: {left}")
    assert not wrong, "\n".join(wrong)


def test_everything_is_on_the_disk_before_a_name_leads_to_it(
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a power cut, a rename may have lasted and the bytes behind it not, unless they were flushed first."""
    events: list[tuple[str, int | str]] = []
    fsync, replace = os.fsync, os.replace

    def flushed(descriptor: int) -> None:
        events.append(("flushed", os.fstat(descriptor).st_ino))
        fsync(descriptor)

    def renamed(source: Path, target: Path) -> None:
        replace(source, target)
        events.append(("renamed", target.name))

    build = make_build()
    release_build(build)
    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    made = release_build(build, seconds=1, batches=["b2"])

    in_place = events.index(("renamed", made.release_id))
    swapped = events.index(("renamed", "current"))
    parts = {path.stat().st_ino for path in [made.folder, *made.folder.rglob("*")]}
    assert parts <= {inode for what, inode in events[:in_place] if what == "flushed"}
    assert ("flushed", made.folder.parent.stat().st_ino) in events[in_place:swapped]
    assert ("flushed", serving.stat().st_ino) in events[swapped:]


class Watched:
    """A connection whose statements are steps."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, steps: Steps) -> None:
        self.connection, self.steps = connection, steps

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *exception: object) -> None:
        self.connection.close()

    def execute(self, statement: str, *parameters: Any) -> Any:
        self.steps.before(f"execute {statement}")
        return self.connection.execute(statement, *parameters)


def test_a_crash_at_any_statement_of_duckdb_leaves_the_old_release(
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
    database_rows: Callable[..., dict[str, list[tuple[Any, ...]]]],
    tree: Callable[[Path], dict[str, str]],
    steps: Steps,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connect = duckdb.connect

    def watched(*arguments: Any, **options: Any) -> Any:
        steps.before("connect")
        connection = connect(*arguments, **options)
        return Watched(connection, steps) if steps.kinds else connection

    only = {"mart_index": None, "mart_province_ranking": None}
    release_build(make_build(only))
    before = {name: sum_ for name, sum_ in tree(serving).items() if not name.startswith("releases/.")}
    build = make_build({**only, "dim_unit": "select '75' as unit_code"})
    monkeypatch.setattr(duckdb, "connect", watched)

    # Each attempt is also the next run after the crash before it; the last one is let through.
    for number in range(100):
        try:
            with steps.watch(IN_DUCKDB, number):
                made = release_build(build, seconds=1)
        except Killed:
            left = {name: sum_ for name, sum_ in tree(serving).items() if not name.startswith("releases/.")}
            assert left == before, steps.seen[-1]
        else:
            break
    statements = " ".join(steps.seen)
    assert all(word in statements for word in ("connect", "attach", "create table", "copy", "detach"))
    assert number == len(steps.seen)
    assert made.is_new
    assert database_rows(serving / "warehouse.duckdb", ["release_id"]) == {"dim_unit": [("75",)]}
    assert not [path.name for path in (serving / "releases").iterdir() if path.name.startswith(".")]


KILLED_WHILE_PUBLISHING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from orchestration.publishing import release

def wait_here(*_):
    print("written", flush=True)
    sys.stdin.read()

release.sync_tree = wait_here
evidence = release.Provenance([{"batch": "b2"}], [{"suite": "s", "success": True, "checks": 1}], {}, {})
release.publish(Path(sys.argv[1]), Path(sys.argv[2]), evidence, "", datetime(2026, 10, 10, 2, tzinfo=UTC))
"""


def test_a_process_killed_before_the_swap_leaves_nothing_to_clean_up(
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
    tree: Callable[[Path], dict[str, str]],
) -> None:
    build = make_build()
    first = release_build(build)
    before = tree(serving)
    arguments = [sys.executable, "-c", KILLED_WHILE_PUBLISHING, str(build), str(serving)]
    with subprocess.Popen(
        arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "written\n"
        process.kill()
    assert tree(serving) != before  # or the kill came too early to prove anything
    assert os.readlink(serving / "current") == f"releases/{first.release_id}"
    assert not release_build(build, seconds=9999).is_new
    assert tree(serving) == before
