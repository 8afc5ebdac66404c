"""Percentiles of counts against percentiles of a sorted list.

Belongs here: the arithmetic of `macros/records/nearest_rank.sql`. Does not belong here: which dossiers are counted.
"""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from math import ceil

import duckdb
import jinja2
from hypothesis import given
from hypothesis import strategies as st

from orchestration.settings import REPOSITORY

MACRO = REPOSITORY / "dbt_project" / "macros" / "records" / "nearest_rank.sql"


def of_counts(hours: list[int], percent: int) -> int:
    """As the mart does it: counts by value, summed up to each value."""
    macro = jinja2.Environment().from_string(MACRO.read_text(encoding="utf-8")).module
    # A macro is an attribute of its file's module, which no type knows.
    aggregate = macro.nearest_rank(percent, "hours", "so_far", "in_all")  # type: ignore[attr-defined]
    rows = ", ".join(f"({value}, {count})" for value, count in Counter(hours).items())
    ((found,),) = duckdb.execute(
        "with running as (select hours, sum(n) over (order by hours) as so_far, sum(n) over () as in_all"
        f" from (values {rows}) as counted (hours, n)) select {aggregate} from running"
    ).fetchall()
    return int(found)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_of_counts_is_that_of_the_sorted_list(hours: list[int], percent: int) -> None:
    rank = ceil(Fraction(percent * len(hours), 100))
    assert of_counts(hours, percent) == sorted(hours)[rank - 1]


@given(st.lists(st.integers(0, 30 * 3600), min_size=1, max_size=60), st.sampled_from([50, 90]))
def test_whole_hours_lose_no_more_than_the_minutes(seconds: list[int], percent: int) -> None:
    """Counted are hours that are over; the order of dossiers stays, so that the one in that place is the same."""
    rank = ceil(Fraction(percent * len(seconds), 100))
    assert of_counts([one // 3600 for one in seconds], percent) == sorted(seconds)[rank - 1] // 3600
