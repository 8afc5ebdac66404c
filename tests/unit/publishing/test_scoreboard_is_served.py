"""Pages for people are part of a release: swapped with it, and without them there is no release.

Belongs here: when a page is drawn and served. Does not belong here: what is on it (`scoreboard`, `dictionary`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.publishing.marts import PublishError, open_marts
from orchestration.publishing.release import PAGES, SCOREBOARD, Release, current
from orchestration.publishing.rollback import roll_back
from tests.unit.publishing.crashes import MOMENT

MakeBuild = Callable[..., Path]
ReleaseBuild = Callable[..., Release]
OTHER = {"mart_index": "select '75' as unit_code, 'TOTAL' as group_code, 50.00 as score"}


def drawn(release: Path, before: Path | None) -> str:
    """What a page can rest on: the marts and the manifest of the release, and the release before it."""
    with open_marts(release) as connection:
        rows = connection.execute("select count(*) from marts.mart_index").fetchall()[0][0]
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    return f"{manifest['release_id']}: {rows} rows, after {before.name if before else None}"


def test_the_page_is_drawn_from_the_release_and_the_one_before_it(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    first = release_build(make_build(), draw=drawn)
    assert (serving / SCOREBOARD).read_text(encoding="utf-8") == f"{first.release_id}: 3 rows, after None"
    second = release_build(make_build(OTHER), seconds=60, draw=drawn)
    assert os.readlink(serving / SCOREBOARD) == f"current/{SCOREBOARD}"
    assert (serving / SCOREBOARD).read_text(encoding="utf-8") == (
        f"{second.release_id}: 1 rows, after {first.release_id}"
    )


def test_a_page_that_cannot_be_drawn_stops_the_release(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    first = release_build(make_build(), draw=drawn)

    def fails(release: Path, before: Path | None) -> str:
        raise PublishError("no page")

    with pytest.raises(PublishError, match="no page"):
        release_build(make_build(OTHER), seconds=60, draw=fails)
    assert current(serving) == Release(first.release_id, first.folder, first.manifest, is_new=False)
    assert (serving / SCOREBOARD).read_text(encoding="utf-8").startswith(first.release_id)
    assert release_build(make_build(OTHER), seconds=120, draw=drawn).is_new  # nothing is left in its way


def test_each_page_is_served_by_its_name(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    release_build(make_build(), pages={name: lambda *_, name=name: f"page {name}" for name in PAGES})
    for name in PAGES:
        assert os.readlink(serving / name) == f"current/{name}"
        assert (serving / name).read_text(encoding="utf-8") == f"page {name}"


def test_a_rollback_serves_the_page_of_the_earlier_release(
    serving: Path, make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    first = release_build(make_build(), draw=drawn)
    release_build(make_build(OTHER), seconds=60, draw=drawn)
    roll_back(serving, "An", "figures of a wrong day", MOMENT)
    assert (serving / SCOREBOARD).read_text(encoding="utf-8").startswith(first.release_id)
