"""Which releases are kept, whatever the clock says.

Belongs here: what lies in `releases` after many publications. Not here: crashes.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.release import (
    KEEP_RELEASES,
    SERVED,
    Release,
    current,
    last_served,
    list_releases,
)
from orchestration.publishing.rollback import release_before, roll_back

pytestmark = pytest.mark.slow

MakeBuild = Callable[..., Path]
ReleaseBuild = Callable[..., Release]

CLOCKS: dict[str, Callable[[int], float]] = {
    "a day apart": lambda number: number * 86_400,
    "all within one second": lambda number: 0.1 * number,
    "a clock that goes backwards": lambda number: -3600 * number,
    "a clock set back once": lambda number: number - (7200 if number >= 4 else 0),
    "a clock that was once years ahead": lambda number: 10**8 if number == 3 else number,
}


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_the_last_releases_are_kept_and_the_one_served_is_the_last(
    clock: Callable[[int], float],
    serving: Path,
    make_build: MakeBuild,
    release_build: ReleaseBuild,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestration.publishing.release.KEEP_RELEASES", 3)
    published: list[str] = []
    build = make_build()
    for number in range(7):
        made = release_build(build, seconds=clock(number), batches=[str(number)])
        published.append(made.release_id)
        kept = {path.name for path in (serving / "releases").iterdir()}
        assert kept == set(published[-3:])
        served = current(serving)
        assert served is not None
        assert served.release_id == made.release_id
    assert len(set(published)) == 7
    for release_id in published[-3:]:
        assert {path.name for path in (serving / "releases" / release_id).iterdir()} == set(SERVED)


def test_the_served_release_stays_after_a_rollback_to_the_oldest(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person may point `current` at any release that is kept; the next publication must not pull it away."""
    monkeypatch.setattr("orchestration.publishing.release.KEEP_RELEASES", 3)
    build = make_build()
    made = [release_build(build, seconds=n, batches=[str(n)]) for n in range(3)]
    (serving / "current").unlink()
    (serving / "current").symlink_to(f"releases/{made[0].release_id}")
    assert not release_build(build, seconds=100, batches=["0"]).is_new
    assert made[0].folder.is_dir()
    after = release_build(build, seconds=200, batches=["new"])
    assert os.readlink(serving / "current") == f"releases/{after.release_id}"
    assert {made[0].release_id, after.release_id} <= {path.name for path in (serving / "releases").iterdir()}


@pytest.mark.parametrize("name", [".DS_Store", ".nfs0001", ".gone"])
def test_a_foreign_file_among_the_releases_does_not_stop_them(
    name: str, serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build()
    release_build(build)
    foreign = serving / "releases" / name
    if name == ".gone":
        foreign.symlink_to("nowhere")
    else:
        foreign.write_text("left by a file manager")
    assert release_build(build, seconds=1, batches=["b2"]).is_new


def test_a_reader_that_stays_keeps_its_release_after_it_was_removed(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    build = make_build({"mart_long": "select i from range(20000) as t(i)"})
    first = release_build(build)
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        for number in range(1, KEEP_RELEASES + 1):
            release_build(build, seconds=number, batches=[str(number)])
        assert not first.folder.exists()
        assert os.readlink(serving / "current") != f"releases/{first.release_id}"
        found = connection.execute(
            "select release_id, count(*), sum(i) from marts.mart_long group by all"
        ).fetchall()
    assert found == [(first.release_id, 20_000, 199_990_000)]


@pytest.mark.parametrize("clock", CLOCKS.values(), ids=CLOCKS)
def test_what_is_newest_no_clock_says(
    clock: Callable[[int], float],
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
) -> None:
    """Listed in the order in which they were made; where the link is lost, the last one is gone on from."""
    made = [
        release_build(
            make_build({"dim_unit": f"select {number} as n"}), seconds=clock(number), batches=[str(number)]
        )
        for number in range(6)
    ]
    names = [release.release_id for release in made]
    assert [release.release_id for release in list_releases(serving)] == names[::-1]
    assert release_before(serving) == names[-2]
    (serving / "current").unlink()
    served = last_served(serving)
    assert served is not None
    assert served.release_id == names[-1]
    again = release_build(make_build({"dim_unit": "select 7 as n"}), seconds=clock(7), batches=["7"])
    assert again.manifest["previous"] == names[-1]
    roll_back(serving, "an", "wrong", datetime(2001, 1, 1, tzinfo=UTC))
    now = current(serving)
    assert now is not None
    assert now.release_id == names[-1]
