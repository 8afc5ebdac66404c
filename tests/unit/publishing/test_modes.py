"""Who may read and write what is served: everyone may read, nobody may write, whatever the umask of the run.

BI tools run as other users. A run started by a service may have umask 077 (nobody could read) or 000 (anybody could
change a figure).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.release import Release


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Of every real file and folder below, and the folder itself."""
    paths = [folder, *(path for path in folder.rglob("*") if not path.is_symlink())]
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in paths}


@pytest.mark.parametrize("mask", [0o077, 0o027, 0o022, 0o000])
def test_all_that_is_served_can_be_read_by_everyone_and_written_by_no_reader(
    make_build: Callable[..., Path], release_build: Callable[..., Release], serving: Path, mask: int
) -> None:
    with umask(mask):
        release_build(make_build())
    found = modes(serving)
    folders = {name for name in found if (serving / name).is_dir()}
    assert {found[name] for name in folders} == {0o755}
    assert {found[name] for name in found.keys() - folders} == {0o444}
    assert {Path(name).name for name in found} >= {"warehouse.duckdb", "manifest.json", "report.html"}
    assert stat.S_IMODE(serving.parent.stat().st_mode) & 0o011 == 0o011, (
        "readers pass through the data folder"
    )


def test_beside_what_is_served_nothing_is_opened(
    make_build: Callable[..., Path], release_build: Callable[..., Release], serving: Path
) -> None:
    with umask(0o077):
        build = make_build()
        release_build(build)
    assert stat.S_IMODE(build.stat().st_mode) == 0o600
    assert stat.S_IMODE(build.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(serving.parent.stat().st_mode) == 0o711, "passable, but not to be listed"


def test_releases_that_nobody_may_write_are_read_and_tidied_as_before(
    make_build: Callable[..., Path], release_build: Callable[..., Release], serving: Path
) -> None:
    for number in range(9):
        changed = {"mart_index": f"select '75' as unit_code, 'TOTAL' as group_code, {number} as score"}
        release_build(make_build(changed), seconds=number)
    assert len(list((serving / "releases").iterdir())) == 7
    with duckdb.connect(serving / "warehouse.duckdb", read_only=True) as connection:
        assert connection.execute("select score from marts.mart_index").fetchall() == [(8,)]
