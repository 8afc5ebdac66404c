"""What moved since the release that is served: moves by hand, and which of them hold a release."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from expectations.builder import load
from expectations.drift import HOLD, TABLE, compare
from expectations.gate import run_gate

COLUMNS = (
    "basis varchar, regime varchar, period_type varchar, period_start date, period_end date, as_of date,"
    " unit_code varchar, name_vi varchar, total_score decimal(6, 2), rank integer"
)
MONTH = ("month", date(2025, 10, 1), date(2025, 10, 31))
YEAR = ("year_to_date", date(2025, 1, 1), date(2025, 12, 31))
YOUNG = ("window", date(2025, 11, 1), date(2025, 12, 31))


def ranking(path: Path, rows: list[tuple[object, ...]], release: str = "") -> Path:
    """A database with marts.mart_province_ranking; `rows` are period, as_of, unit, score, rank. Of a `release`, the
    ranking in Parquet."""
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create schema marts; create table marts.mart_province_ranking ({COLUMNS})")
        for period, as_of, unit, score, rank in rows:
            connection.execute(
                "insert into marts.mart_province_ranking values ('records', 'portal_2025', ?, ?, ?, ?, ?, ?, ?, ?)",
                [*period, as_of, unit, f"Tỉnh {unit}", score, rank],  # type: ignore[misc]  # a period is three values
            )
        if release:
            connection.execute(
                f"alter table marts.mart_province_ranking add column release_id varchar default '{release}'"
            )
            connection.table("marts.mart_province_ranking").write_parquet(str(path.with_suffix(".parquet")))
            return path.with_suffix(".parquet")
    return path


@pytest.mark.parametrize(
    ("period", "served_on", "built_on", "before", "now", "is_held"),
    [
        # Closed (31 October is over in both): 1.00 points and 3 places are the most.
        (MONTH, date(2025, 10, 31), date(2025, 10, 31), (80.00, 5), (81.00, 2), False),
        (MONTH, date(2025, 10, 31), date(2025, 10, 31), (80.00, 5), (81.01, 5), True),
        (MONTH, date(2025, 10, 31), date(2025, 10, 31), (80.00, 5), (78.99, 5), True),
        (MONTH, date(2025, 10, 31), date(2025, 10, 31), (80.00, 5), (80.00, 9), True),
        # Open and more than 30 days old: 5.00 points and 10 places.
        (YEAR, date(2025, 11, 1), date(2025, 11, 2), (80.00, 15), (85.00, 5), False),
        (YEAR, date(2025, 11, 1), date(2025, 11, 2), (80.00, 15), (74.99, 15), True),
        (YEAR, date(2025, 11, 1), date(2025, 11, 2), (80.00, 15), (80.00, 4), True),
        # A rank lost or gained altogether is as far as one can move.
        (YEAR, date(2025, 11, 1), date(2025, 11, 2), (80.00, 15), (None, None), True),
        (YEAR, date(2025, 11, 1), date(2025, 11, 2), (None, None), (80.00, 15), True),
        (YEAR, date(2025, 11, 1), date(2025, 11, 2), (None, None), (None, None), False),
        # A window of 29 days, and a month that is not over: few dossiers, any move is possible.
        (YOUNG, date(2025, 11, 30), date(2025, 12, 1), (80.00, 5), (60.00, 30), False),
        (MONTH, date(2025, 10, 30), date(2025, 10, 31), (80.00, 5), (60.00, 30), False),
        # The same window a day later is 30 days old.
        (YOUNG, date(2025, 12, 1), date(2025, 12, 2), (80.00, 5), (60.00, 30), True),
    ],
)
def test_a_province_that_moves_further_than_its_bound_holds_the_release(
    tmp_path: Path,
    period: object,
    served_on: date,
    built_on: date,
    before: tuple[object, object],
    now: tuple[object, object],
    is_held: bool,
) -> None:
    served = ranking(tmp_path / "served.duckdb", [(period, served_on, "75", *before)], "r1")
    build = ranking(tmp_path / "build.duckdb", [(period, built_on, "75", *now)])
    hold = compare(build, served, tmp_path / "moves.duckdb")
    assert (hold is not None) == is_held
    result = run_gate(tmp_path / "moves.duckdb", "main", TABLE, load(HOLD))
    assert [check.id for check in result.failed()] == ["moves_within_bounds"] * is_held
    if is_held:
        assert f'"hold": "{hold}"' in result.message()
        assert '"name_vi": "Tỉnh 75"' in result.message()
        assert '"served_release": "r1"' in result.message()


def test_the_newest_day_of_each_side_is_compared(tmp_path: Path) -> None:
    served = ranking(
        tmp_path / "served.duckdb",
        [(YEAR, date(2025, 10, 1), "75", 60.0, 30), (YEAR, date(2025, 11, 1), "75", 80.0, 5)],
        "r1",
    )
    build = ranking(tmp_path / "build.duckdb", [(YEAR, date(2025, 11, 2), "75", 81.0, 5)])
    assert compare(build, served, tmp_path / "moves.duckdb") is None


def test_an_approval_lets_one_hold_pass_and_no_other(tmp_path: Path) -> None:
    served = ranking(tmp_path / "served.duckdb", [(YEAR, date(2025, 11, 1), "75", 80.0, 15)], "r1")
    moved = [(YEAR, date(2025, 11, 2), "75", 60.0, 30)]
    build, moves = ranking(tmp_path / "build.duckdb", moved), tmp_path / "moves.duckdb"
    hold = compare(build, served, moves)
    assert hold is not None
    assert compare(build, served, moves, [hold]) == hold
    assert run_gate(moves, "main", TABLE, load(HOLD)).success
    # A hundredth of a point further, or away from another release: another question.
    other = ranking(tmp_path / "other.duckdb", [(YEAR, date(2025, 11, 2), "75", 59.99, 30)])
    assert compare(other, served, moves, [hold]) != hold
    assert not run_gate(moves, "main", TABLE, load(HOLD)).success
    later = ranking(tmp_path / "later.duckdb", [(YEAR, date(2025, 11, 1), "75", 80.0, 15)], "r2")
    assert compare(build, later, moves, [hold]) != hold


def test_before_the_first_release_nothing_is_held(tmp_path: Path) -> None:
    build = ranking(tmp_path / "build.duckdb", [(YEAR, date(2025, 11, 2), "75", 80.0, 15)])
    assert compare(build, tmp_path / "none.parquet", tmp_path / "moves.duckdb") is None
    assert run_gate(tmp_path / "moves.duckdb", "main", TABLE, load(HOLD)).success
