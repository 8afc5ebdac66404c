"""How far provinces moved between the release that is served and a build: a table for the suite that may hold it.

Belongs here: the comparison, its bounds, and the name of a hold. Does not belong here: who approves one
(`orchestration.defs.release_gates`), and the suite (`suites/hold__province_moves.py`).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from expectations.engine import literal

TABLE = "province_moves"

#: (state of the period, points, places): a province that moves further holds the release. A period is `closed` when
#: it was over in what is served: nothing but a late delivery or a changed rule moves it. `open`: a year to date or a
#: window of at least 30 days; in two weeks of 2026 the furthest were Gia Lai with +3.49 points and +9 places and the
#: portal's others below 2 points (26 September to 10 October). Younger periods and open months and quarters are not
#: judged: their first days rest on few dossiers. (2026-11-25)
BOUNDS = (("closed", 1.0, 3), ("open", 5.0, 10))
YOUNG_DAYS = 30

_KEYS = "basis, regime, period_type, period_start, period_end"
_MOVES = f"""
create or replace table {TABLE} as
with bounds(state, most_points, most_places) as (values {{bounds}}),

before as (
    select * from served.marts.mart_province_ranking
    qualify as_of = max(as_of) over (partition by {_KEYS})
),

now as (
    select * from build.marts.mart_province_ranking
    qualify as_of = max(as_of) over (partition by {_KEYS})
),

paired as (
    select
        {_KEYS}, unit_code, now.name_vi, before.as_of as as_of_before, now.as_of as as_of_now,
        before.total_score as score_before, now.total_score as score_now,
        before.rank as rank_before, now.rank as rank_now, before.release_id as served_release,
        case
            when before.as_of >= period_end then 'closed'
            when period_type in ('year_to_date', 'window') and before.as_of - period_start >= {YOUNG_DAYS} then 'open'
        end as state
    from before inner join now using ({_KEYS}, unit_code)
),

judged as (
    select
        paired.*, (score_now - score_before)::double as points, (rank_before - rank_now)::integer as places,
        most_points, most_places,
        -- A province that loses or gains its rank altogether has moved as far as one can.
        coalesce(
            abs(points) > most_points or abs(places) > most_places or (rank_now is null) <> (rank_before is null), false
        ) as is_beyond
    from paired left join bounds using (state)
),

named as (
    select left(sha256(any_value(served_release) || coalesce(string_agg(
        concat_ws(' ', {_KEYS}, unit_code, score_now, rank_now), ',' order by {_KEYS}, unit_code
    ) filter (is_beyond), '')), 12) as hold
    from judged
)

select judged.*, named.hold, list_contains($approved, named.hold) as is_approved
from judged cross join named
order by is_beyond desc, abs(points) desc nulls first, {_KEYS}, unit_code
"""


def compare(build: Path, served: Path, target: Path, approved: Collection[str] = ()) -> str | None:
    """Write table `province_moves` into the database `target`; one row a period and province that are in both.

    `served` is the ranking that BI tools read, as Parquet: the database beside it may be locked by one of them. Before
    the first release, where there is none, the table is empty.
    Gives the name of the hold, None where nothing is beyond its bounds. The name stands for the release served and
    every move beyond: approving it approves nothing else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach {literal(build)} as build (read_only)")
        nothing = "select *, '' as release_id from build.marts.mart_province_ranking limit 0"
        before = f"from read_parquet({literal(served)})" if served.exists() else nothing
        connection.execute(
            "attach ':memory:' as served; create schema served.marts;"
            f" create table served.marts.mart_province_ranking as {before}"
        )
        bounds = ", ".join(f"('{state}', {points}, {places})" for state, points, places in BOUNDS)
        connection.execute(_MOVES.format(bounds=bounds), {"approved": list(approved)})
        found = connection.execute(f"select any_value(hold) from {TABLE} where is_beyond").fetchall()
    hold: str | None = found[0][0]
    return hold
