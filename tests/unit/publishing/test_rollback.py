"""Rolling back, and the hold that keeps the next night from publishing the same again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orchestration.publishing.marts import PublishError
from orchestration.publishing.release import Release, current, list_releases
from orchestration.publishing.rollback import (
    ReleaseHeldError,
    hold_of,
    lift_hold,
    records,
    roll_back,
)

MakeBuild = Callable[..., Path]
ReleaseBuild = Callable[..., Release]
NOW = datetime(2026, 10, 11, 8, 0, tzinfo=UTC)
WHO = {"by": "duty officer", "reason": "H19 sent last year's file"}


@pytest.fixture
def three(make_build: MakeBuild, release_build: ReleaseBuild) -> list[Release]:
    return [release_build(make_build(), seconds=number, batches=[str(number)]) for number in range(3)]


def served(serving: Path) -> str:
    found = current(serving)
    assert found is not None
    return found.release_id


def test_the_release_before_is_served_again_and_the_record_says_who_and_why(
    serving: Path, three: list[Release]
) -> None:
    made = roll_back(serving, now=NOW, **WHO)
    assert served(serving) == three[1].release_id
    assert (made.from_release, made.to_release) == (three[2].release_id, three[1].release_id)
    assert records(serving) == [made]
    assert (made.by, made.reason, made.at) == (*WHO.values(), "2026-10-11T08:00:00.000000+00:00")
    assert roll_back(serving, now=NOW.replace(hour=9), **WHO).to_release == three[0].release_id
    with pytest.raises(PublishError, match="the first release kept"):
        roll_back(serving, now=NOW.replace(hour=10), **WHO)


def test_a_named_release_is_served(serving: Path, three: list[Release]) -> None:
    roll_back(serving, now=NOW, to=three[0].release_id, **WHO)
    assert served(serving) == three[0].release_id


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"to": "20990101T000000Z-ffffffff"},
            "20990101T000000Z-ffffffff is not kept, or not whole; found 2026",
        ),
        ({"by": " "}, "no by given"),
        ({"reason": ""}, "no reason given"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    serving: Path, three: list[Release], changes: dict[str, Any], message: str, tree: Any
) -> None:
    before = tree(serving)
    with pytest.raises(PublishError, match=message):
        roll_back(serving, **{**WHO, "now": NOW, **changes})
    assert tree(serving) == before


def test_nothing_is_published_until_the_hold_is_lifted(
    serving: Path, three: list[Release], make_build: MakeBuild, release_build: ReleaseBuild, tree: Any
) -> None:
    roll_back(serving, now=NOW, **WHO)
    before = tree(serving)
    # Neither the same again nor the same with one file more.
    for batches in (["2"], ["2", "3"]):
        with pytest.raises(
            ReleaseHeldError, match=r"duty officer \(user .*\) rolled back .* bin/service-index unhold"
        ):
            release_build(make_build(), seconds=100, batches=batches)
    assert tree(serving) == before
    (lifted,) = lift_hold(serving, "head of duty", "the file was taken back", NOW.replace(hour=12))
    assert hold_of(serving) is None
    assert records(serving) == [lifted]
    assert (lifted.by, lifted.lifted_by) == ("duty officer", "head of duty")
    made = release_build(make_build(), seconds=200, batches=["2", "3"])
    assert served(serving) == made.release_id
    assert made.manifest["previous"] == three[1].release_id
    with pytest.raises(PublishError, match="nothing is held"):
        lift_hold(serving, "x", "y", NOW)


def test_a_hold_is_lifted_whatever_the_clock_says(serving: Path, three: list[Release]) -> None:
    """It was an hour ahead when somebody rolled back, and was set right since."""
    made = roll_back(serving, now=NOW.replace(hour=9), **WHO)
    (lifted,) = lift_hold(serving, "head of duty", "right", NOW, [made])
    assert lifted.lifted_at < lifted.at
    assert hold_of(serving) is None


def test_the_release_rolled_back_from_stays_until_something_new_is_served(
    serving: Path, three: list[Release], make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    roll_back(serving, now=NOW, **WHO)
    assert three[2].folder.is_dir()
    # A night that comes to what is served already is nothing new.
    assert not release_build(make_build(), seconds=150, batches=["1"]).is_new
    assert three[2].folder.is_dir()
    lift_hold(serving, "head of duty", "mended", NOW)
    release_build(make_build(), seconds=200, batches=["new"])
    assert not three[2].folder.exists()
    assert three[1].folder.is_dir()


@pytest.mark.parametrize("step", ["open", "fsync", "replace", "symlink"])
def test_a_crash_in_the_middle_leaves_one_whole_release_and_can_be_repeated(
    serving: Path, three: list[Release], step: str, monkeypatch: pytest.MonkeyPatch, tree: Any
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(os, step, die)
        with pytest.raises(Killed):
            roll_back(serving, now=NOW, **WHO)
    assert served(serving) == three[2].release_id
    # The record comes first: from it on the release is held, though still served.
    assert (hold_of(serving) is not None) == (step == "symlink")
    roll_back(serving, now=NOW, **WHO)
    assert served(serving) == three[1].release_id
    assert [path for path in tree(serving) if ".part" in path or ".next" in path] == []


def test_releases_are_kept_when_someone_removes_the_link(
    serving: Path, three: list[Release], make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    (serving / "current").unlink()
    made = release_build(make_build(), seconds=300, batches=["new"])
    assert made.manifest["previous"] == three[2].release_id
    assert [release.release_id for release in list_releases(serving)] == [
        made.release_id, *(release.release_id for release in reversed(three))
    ]  # fmt: skip


def test_a_release_half_removed_is_none(serving: Path, three: list[Release]) -> None:
    shutil.rmtree(three[0].folder / "parquet")
    (three[0].folder / "manifest.json").unlink()
    assert len(list_releases(serving)) == 2


def test_what_is_served_again_is_no_news_and_needs_no_lifting(
    serving: Path, three: list[Release], make_build: MakeBuild, release_build: ReleaseBuild
) -> None:
    roll_back(serving, now=NOW, **WHO)
    assert not release_build(make_build(), seconds=100, batches=["1"]).is_new
    assert hold_of(serving) is not None
