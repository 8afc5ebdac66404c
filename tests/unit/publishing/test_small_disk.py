"""Publishing on a real disk that is full: all of a release, or nothing of it; a rollback, or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.marts import PublishError
from orchestration.publishing.release import Release, current
from orchestration.publishing.rollback import hold_of, roll_back
from tests.small_disk import small_disk

#: Larger than what a release needs besides.
WIDE = {
    "mart_index": "select '75' as unit_code, sha256(i::varchar) as group_code, i as score from range(40000) as t(i)"
}


@pytest.mark.parametrize("leaving", [0, 4_096, 100_000, 1_000_000, 3_000_000])
def test_a_release_that_does_not_fit_leaves_what_is_served(
    leaving: int,
    serving: Path,
    make_build: Callable[..., Path],
    release_build: Callable[..., Release],
    tree: Callable[[Path], dict[str, str]],
) -> None:
    with small_disk(serving, 32) as disk:
        first = release_build(make_build())
        build = make_build(WIDE)
        before = tree(serving)
        disk.fill(leaving)
        with pytest.raises((OSError, duckdb.Error)):
            release_build(build, seconds=1)
        disk.empty()
        after = tree(serving)
        half = {name for name in after if name.startswith(("releases/.", "..", ".current", ".warehouse"))}
        assert {name: after[name] for name in after.keys() - half} == before
        made = release_build(build, seconds=2)
        served = current(serving)
        assert served is not None
        assert (served.release_id, made.manifest["previous"]) == (made.release_id, first.release_id)
        assert not [name for name in tree(serving) if name.startswith("releases/.")], (
            "half a release is tidied away"
        )


def test_a_rollback_that_cannot_be_written_down_is_none(
    serving: Path, make_build: Callable[..., Path], release_build: Callable[..., Release]
) -> None:
    """Served and not held, the next night would publish what was wrong once more."""
    with small_disk(serving, 32) as disk:
        first, second = (release_build(make_build(), seconds=n, batches=[str(n)]) for n in range(2))
        disk.fill()
        with pytest.raises(OSError, match="No space left on device"):
            roll_back(serving, "duty officer", "wrong", datetime.now(UTC))
        disk.empty()
        served = current(serving)
        assert served is not None
        assert (served.release_id, hold_of(serving)) == (second.release_id, None)
        assert roll_back(serving, "duty officer", "wrong", datetime.now(UTC)).to_release == first.release_id
        with pytest.raises(PublishError, match="held since"):
            release_build(make_build(WIDE), seconds=3)
