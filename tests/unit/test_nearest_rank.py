"""Percentiles against those of a sorted list.

Belongs here: the arithmetic of `macros/engine/nearest_rank.sql`. Does not belong here: which dossiers are counted.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import duckdb
import jinja2
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.settings import REPOSITORY

MACRO = jinja2.Template(
    (REPOSITORY / "dbt_project" / "macros" / "engine" / "nearest_rank.sql").read_text(encoding="utf-8")
).module


def found(hours: list[int], percent: int, percents: list[int]) -> int:
    """As the mart does it on DuckDB."""
    # A macro is an attribute of its file's module, which no type knows.
    aggregate = MACRO.default__nearest_rank("hours", percent, percents)  # type: ignore[attr-defined]
    ((value,),) = duckdb.execute(
        f"select {aggregate} from (select unnest($hours) as hours)", {"hours": hours}
    ).fetchall()
    return int(value)


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_that_of_the_sorted_list(hours: list[int], percent: int) -> None:
    rank = ceil(Fraction(percent * len(hours), 100))
    assert found(hours, percent, [percent]) == sorted(hours)[rank - 1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=60))
def test_each_of_several_is_what_it_is_alone(hours: list[int]) -> None:
    both = [50, 90]
    assert [found(hours, each, both) for each in both] == [found(hours, each, [each]) for each in both]


@settings(deadline=None)
@given(st.lists(st.integers(0, 30 * 3600), min_size=1, max_size=60), st.sampled_from([50, 90]))
def test_whole_hours_lose_no_more_than_the_minutes(seconds: list[int], percent: int) -> None:
    """Counted are hours that are over; the order of dossiers stays, so that the one in that place is the same."""
    rank = ceil(Fraction(percent * len(seconds), 100))
    assert found([one // 3600 for one in seconds], percent, [percent]) == sorted(seconds)[rank - 1] // 3600
