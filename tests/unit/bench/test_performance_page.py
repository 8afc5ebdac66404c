"""The page of performance says what was measured, and its ratios are those of seconds that count once.

Belongs here: reckoning with figures. Does not belong here: measuring, which takes quiet cores.
"""

from __future__ import annotations

import json

import pytest

from bench import page
from bench.job import stage_of
from bench.watch import Watch


def test_seconds_in_which_two_models_are_made_count_once() -> None:
    """`a` 0 to 4, `b` 3 to 6, `c` within `b`, a pause, `d` 8 to 9: 6 + 1. What is not asked for does not count."""
    models = {"a": (0, 4), "b": (3, 6), "c": (4, 5), "d": (8, 9), "e": (20, 30)}
    assert page.busy(models, ("a", "b", "c", "d", "never made")) == 7
    assert page.busy({}, ("a",)) == 0


@pytest.mark.parametrize(
    ("step", "stage"),
    [
        ("exchange__dossiers", "ingestion"),
        ("ingestion__dossiers_batch", "ingestion"),
        ("ingestion__dossiers_batch_raw_gate", "raw gates"),
        ("models", "dbt"),
        ("marts__mart_index_release__mart_index", "release gates"),
        ("marts__mart_province_ranking_hold__province_moves", "release gates"),
        ("release", "publish"),
    ],
)
def test_each_step_is_of_a_stage(step: str, stage: str) -> None:
    assert stage_of(step) == stage


def test_a_watch_adds_up_what_a_stage_takes_each_time() -> None:
    with Watch() as watch:
        for stage in ("work", "other", "work"):
            watch.begin(stage)
            sum(number * number for number in range(300_000))
    assert watch.stages.keys() == {"work", "other"}
    assert watch.stages["work"].cpu > watch.stages["other"].cpu > 0
    assert watch.stages["work"].wall >= watch.stages["other"].wall


def test_the_page_is_what_the_measurements_make() -> None:
    """Nobody writes a figure into it by hand."""
    found = sorted(
        (json.loads(file.read_text(encoding="utf-8")) for file in page.MEASURED.glob(page.FILES)),
        key=lambda one: one["scale"],
    )
    assert found, "nothing was measured; run: make bench"
    assert page.PAGE.read_text(encoding="utf-8") == page.text(found)
