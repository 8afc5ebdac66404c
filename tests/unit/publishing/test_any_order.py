"""Publications, rollbacks and crashes in any order: one whole release is served, and nothing is left lying about.

Belongs here: what holds after any sequence. Does not belong here: single cases (`test_crash`, `test_rollback`).
"""

from __future__ import annotations

import contextlib
import json
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orchestration.publishing.marts import PublishError
from orchestration.publishing.release import SERVED, current, list_releases
from orchestration.publishing.rollback import ReleaseHeldError, hold_of, lift_hold, roll_back
from tests.unit.publishing.crashes import (
    KEPT,
    MOMENT,
    ON_FILES,
    Killed,
    is_whole,
    publish_text,
    publish_texts,
    served,
    watch_steps,
)

DATA = st.sampled_from(["a", "b", "c"])
WHO = {"by": "duty officer", "reason": "wrong"}
#: A step to die at; beyond the last, nothing happens.
STEPS = st.integers(0, 45)


class Publishing(RuleBasedStateMachine):
    """`serves` is what readers must find; where a crash leaves either of two, what they do find."""

    def __init__(self) -> None:
        super().__init__()
        self.home = tempfile.TemporaryDirectory()
        self.serving = Path(self.home.name) / "serving"
        self.serving.mkdir()
        self.patched = pytest.MonkeyPatch()
        publish_texts(self.patched)
        self.steps = watch_steps(self.patched)
        self.seconds = 0
        self.serves: str | None = None
        self.is_held = False

    def teardown(self) -> None:
        self.patched.undo()
        self.home.cleanup()

    def publish(self, data: str) -> None:
        self.seconds += 1
        publish_text(data, self.serving, self.seconds)

    def roll_back(self) -> None:
        self.seconds += 1
        roll_back(self.serving, now=MOMENT + timedelta(seconds=self.seconds), **WHO)

    def served_data(self) -> str | None:
        found = served(self.serving)
        return found and found["warehouse.duckdb"].split(" of ")[0]

    @rule(data=DATA)
    def a_build_is_released_unless_one_is_held(self, data: str) -> None:
        if self.is_held and data != self.serves:
            with pytest.raises(ReleaseHeldError):
                self.publish(data)
        else:
            self.publish(data)
            self.serves = data

    @precondition(lambda self: not self.is_held)
    @rule(data=DATA, number=STEPS)
    def a_publication_dies(self, data: str, number: int) -> None:
        with self.steps.watch(ON_FILES, number):
            try:
                self.publish(data)
            except Killed:
                assert self.served_data() in (self.serves, data)
                self.serves = self.served_data()
            else:
                self.serves = data

    @precondition(lambda self: current(self.serving) is not None)
    @rule()
    def someone_rolls_back(self) -> None:
        before = current(self.serving)
        assert before is not None
        try:
            self.roll_back()
        except PublishError:
            # Nothing before it is kept.
            assert before.manifest["previous"] not in {r.release_id for r in list_releases(self.serving)}
        else:
            self.is_held = True
            self.serves = self.served_data()
            now = current(self.serving)
            assert now is not None
            assert now.release_id == before.manifest["previous"]

    @precondition(lambda self: current(self.serving) is not None)
    @rule(number=STEPS)
    def a_rollback_dies(self, number: int) -> None:
        before = self.served_data()
        with self.steps.watch(ON_FILES, number), contextlib.suppress(Killed, PublishError):
            self.roll_back()
        # Served is the one or the other; once the record is written, it is held.
        self.serves, self.is_held = self.served_data(), hold_of(self.serving) is not None
        assert self.is_held or self.serves == before

    @precondition(lambda self: self.is_held)
    @rule()
    def the_hold_is_lifted(self) -> None:
        self.seconds += 1
        lift_hold(self.serving, "head of duty", "mended", MOMENT + timedelta(seconds=self.seconds))
        self.is_held = False

    @invariant()
    def readers_find_one_whole_release_or_none_was_ever_served(self) -> None:
        if self.serves is None:
            assert served(self.serving) is None or not (self.serving / "current").exists()
        else:
            assert is_whole(served(self.serving), self.serves)

    @invariant()
    def what_is_held_is_known(self) -> None:
        assert (hold_of(self.serving) is not None) == self.is_held

    @precondition(lambda self: not self.is_held)
    @rule(data=DATA)
    def the_next_publication_leaves_nothing_lying_about(self, data: str) -> None:
        self.publish(data)
        self.serves = data
        releases = self.serving / "releases"
        kept = list_releases(self.serving)
        assert 1 <= len(kept) <= KEPT
        assert {path.name for path in releases.iterdir()} == {release.release_id for release in kept}
        for release in kept:
            assert {path.name for path in release.folder.iterdir()} == {*SERVED}
        beside = {path.name for path in self.serving.iterdir()} - {"current", "releases", *SERVED}
        assert all(
            json.loads((self.serving / name).read_text()) is not None
            for name in beside
            if name.endswith(".json")
        )
        assert [name for name in beside if ".part" in name or ".next" in name] == []


TestPublishing = Publishing.TestCase
TestPublishing.settings = settings(max_examples=120, stateful_step_count=12, deadline=None)


def test_a_release_that_was_half_removed_is_not_served_again() -> None:
    """Found by the search above: a publication died while it removed the oldest release, whose page was gone and
    whose tables were not yet; two rollbacks then served it."""
    for number in range(60):
        state = Publishing()
        try:
            state.a_build_is_released_unless_one_is_held("a")
            state.a_build_is_released_unless_one_is_held("b")
            state.a_publication_dies("a", number)
            for _ in range(2):
                state.someone_rolls_back()
                state.readers_find_one_whole_release_or_none_was_ever_served()
        finally:
            state.teardown()
