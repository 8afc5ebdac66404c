"""What a person reads after a run: the top of the rankings, who moved, and how they compare with the portal's own scores.

Belongs here: reading the served marts, for people and scripts. Does not belong here: computing a score or a rank, any
other ranking (`ranking`), figures of one unit day by day (`history`), and those of one article (`simulation.article`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from orchestration.answers.answer import Answer, Column, Table, number
from orchestration.answers.figures import (
    BAND,
    CHANGE,
    MOVED,
    OFFICIAL_RANK,
    RANK,
    TOTAL_SCORE,
    arrow,
    measured_against,
    moved_points,
    of_basis,
    words,
)
from orchestration.publishing.marts import open_marts, rows

TOP = 10
#: Of rankings that stand beside: the first, and how many provinces' units.
FIRST, PROVINCES_WITH_UNITS = 3, 3

# One ranking of the many: the newest year to date from the portal's own figures. Its course is measured from the last
# figures that are three weeks old, under the same rules and of the same period; a day without figures has no place in
# it, and a unit without a total on such a day a blank. A line is as high as the unit's own range, but a point at least:
# hundredths are no movement.
_RANKING = """
with shown as (
    select * from marts.mart_province_ranking
    where basis = 'portal' and period_type = 'year_to_date'
),

newest as (
    select * from shown
    where as_of = (select max(as_of) from shown)
),

observed as (
    select distinct shown.as_of, newest.as_of as newest_day
    from shown
    inner join newest using (regime, period_start, period_end)
),

course_days as (
    select as_of, min(as_of) over () as first_day
    from observed
    where as_of >= (
        select coalesce(max(as_of) filter (as_of <= newest_day - interval 21 days), min(as_of)) from observed
    )
),

totals as (
    select
        newest.unit_code, course_days.as_of, shown.total_score,
        min(shown.total_score) over (partition by newest.unit_code) as lowest,
        greatest(1, max(shown.total_score) over (partition by newest.unit_code) - lowest) as height
    from newest
    cross join course_days
    left join shown
        on newest.regime = shown.regime and newest.period_start = shown.period_start
            and newest.period_end = shown.period_end and newest.unit_code = shown.unit_code
            and course_days.as_of = shown.as_of
),

courses as (
    select
        unit_code,
        list(total_score order by as_of) as course,
        string_agg(
            coalesce(substr('▁▂▃▄▅▆▇█', 1 + round(7 * (total_score - lowest) / height)::integer, 1), ' '), ''
            order by as_of
        ) as line
    from totals
    group by unit_code
),

-- The same peers, as in `index_movement`: as many then, now, and at both times.
since as (
    select
        newest.unit_code,
        newest.total_score - former.total_score as course_points,
        case
            when newest.peers = former.peers
                and newest.peers = count(newest.rank + former.rank) over () then former.rank - newest.rank
        end as course_places
    from newest
    inner join shown as former using (regime, period_start, period_end, unit_code)
    where former.as_of = (select min(as_of) from course_days) and former.as_of < newest.as_of
)

select rank, name_vi, total_score, band, rank_change, score_change,
    official_rank, period_status, peers, peers_expected, baseline, movement_reason, regime, period_type, as_of,
    contains_synthetic,
    course, line, course_places, course_points,
    (select list(as_of order by as_of) from course_days) as course_days
from newest
left join courses using (unit_code)
left join since using (unit_code)
order by rank nulls last, name_vi
"""
# The newest day on which units below a province were observed: of each list the first, and the last that is ranked.
_UNITS = f"""
with shown as (
    select 'departments' as kind, * from marts.mart_department_ranking
    union all by name
    select 'communes' as kind, * from marts.mart_commune_ranking
),

newest as (
    select * from shown
    where basis = 'portal' and period_type = 'year_to_date'
    qualify as_of = max(as_of) over ()
),

placed as (
    select *,
        row_number() over (partition by province_code, kind order by rank nulls last, name_vi) as place,
        max(rank) over (partition by province_code, kind) as last_rank,
        dense_rank() over (order by province_code) as province_no
    from newest
),

numbered as (
    select *, max(province_no) over () as provinces from placed
),

provinces as (
    select * from marts.dim_unit where unit_level = 'province'
)

select provinces.name_vi as province, numbered.provinces, numbered.kind, numbered.rank, numbered.official_rank,
    numbered.name_vi, numbered.total_score, numbered.peers, numbered.peers_expected, numbered.regime,
    numbered.period_type, numbered.as_of, numbered.contains_synthetic
from numbered
inner join provinces
    on numbered.province_code = provinces.unit_code
        and numbered.as_of between provinces.valid_from and coalesce(provinces.valid_to, date '9999-12-31')
where (place <= {FIRST} or rank = last_rank) and province_no <= {PROVINCES_WITH_UNITS}
order by numbered.province_code, numbered.kind desc, place
"""
# The last ranking under each set of rules that is no longer the newest: no figure of it stands beside one of another.
_FORMER_RULES = f"""
with shown as (
    select * from marts.mart_province_ranking
    where basis = 'portal' and period_type = 'year_to_date'
)

select rank, name_vi, total_score, band, official_rank,
    period_status, peers, peers_expected, regime, period_type, as_of, contains_synthetic
from shown
where regime <> (select arg_max(regime, as_of) from shown)
qualify as_of = max(as_of) over (partition by regime) and rank <= {FIRST}
order by as_of desc, rank, name_vi
"""
_RECONCILIATION = """
select score_level, unit_level,
    count(*) filter (status = 'match') as matched,
    count(*) filter (status = 'rounding') as rounding,
    count(*) filter (status = 'differs') as differs,
    count(*) filter (status = 'not_computable') as not_computable,
    max(abs(difference)) as largest
from marts.mart_official_reconciliation
where as_of = (select max(as_of) from marts.mart_official_reconciliation)
group by score_level, unit_level
order by array_position(['metric', 'group', 'total'], score_level),
    array_position(['province', 'department', 'commune'], unit_level)
"""
# Of the newest day on which the portal gave counts: a list of totals alone says nothing of what can be recomputed.
_WITH_COUNTS = """
with counted as (
    select * from marts.mart_official_reconciliation
    where has_counts and official_score is not null and unit_level = 'province'
    qualify as_of = max(as_of) over ()
)

select
    count(*) filter (status = 'match') as matched, count(*) as compared, max(as_of) as as_of,
    coalesce(bool_or(contains_synthetic), false) as contains_synthetic
from counted
"""


def report(serving: Path) -> Answer:
    """The served rankings by the portal's figures, and how they compare with the portal's own scores. Raises duckdb.Error
    where there is none.
    """
    with open_marts(serving) as connection:
        ranking, units, former, levels = (
            rows(connection, query) for query in (_RANKING, _UNITS, _FORMER_RULES, _RECONCILIATION)
        )
        (counted,) = rows(connection, _WITH_COUNTS)
    facts = {
        "ranking": _ranking_facts(ranking),
        "units": units,
        "former_rules": former,
        "reconciliation": {**counted, "levels": levels},
    }
    if not ranking:
        none = "No ranking by the portal's own figures: no snapshot of the portal has been delivered."
        return Answer(facts, [none])
    of_day = f", as of {counted['as_of']}" if counted["as_of"] else ""
    return Answer(
        facts,
        [
            *_provinces_shown(ranking),
            *_units_shown(units),
            *_former_rules_shown(former, ranking[0]["regime"]),
            f"Against the portal's own scores: {counted['matched']} of {counted['compared']}"
            f" province scores with counts match{of_day}{_mark(counted)}",
            "",
            Table(_LEVELS, levels),
        ],
    )


def _provinces_shown(ranking: Sequence[Mapping[str, Any]]) -> list[str | Table]:
    first = ranking[0]
    days = first["course_days"]
    columns = _PROVINCES if len(days) > 1 else _PROVINCES[: -len(_COURSE)]
    return [
        _title(first),
        measured_against(ranking),
        *([f"Course, places, points: since {days[0]}, on the {len(days)} days with figures; each line has its own scale"]
          if len(days) > 1 else []),
        "",
        Table(columns, ranking[:TOP]),
        f"... and {len(ranking) - TOP} more" if len(ranking) > TOP else "",
        "",
    ]  # fmt: skip


def _units_shown(units: Sequence[Mapping[str, Any]]) -> list[str | Table]:
    shown: list[str | Table] = []
    for (province, kind), listed in groupby(units, key=lambda row: (row["province"], row["kind"])):
        some = list(listed)
        of = some[0]["peers_expected"] or "an unknown number"
        shown += [
            f"{province}, {kind}, {_period(some[0])}: {some[0]['peers']} of {of} ranked; the first and the last"
            f"{_mark(some[0])}",
            "",
            Table(_UNIT, some),
            "",
        ]
    more = units[0]["provinces"] - PROVINCES_WITH_UNITS if units else 0
    return [*shown, f"... and the units of {more} more provinces", ""] if more > 0 else shown


def _former_rules_shown(former: Sequence[Mapping[str, Any]], regime: str) -> list[str | Table]:
    shown: list[str | Table] = []
    for former_regime, listed in groupby(former, key=lambda row: row["regime"]):
        some = list(listed)
        shown += [
            _title(some[0]),
            f"Scored under the rules of {former_regime}: not comparable with figures under {regime}",
            "",
            Table(_FORMER, some),
            "",
        ]
    return shown


def _title(first: Mapping[str, Any]) -> str:
    return (
        f"Provinces, {_period(first)}"
        f" ({first['period_status']}, regime {first['regime']}, {first['peers']} of {first['peers_expected']} ranked)"
        f"{_mark(first)}"
    )


def _mark(row: Mapping[str, Any]) -> str:
    """All here is by the portal's figures: what needs no word, unless they are made up."""
    return f", {of_basis('portal', True)}" if row["contains_synthetic"] else ""


def _period(row: Mapping[str, Any]) -> str:
    return f"{words(row['period_type'])}, as of {row['as_of']}"


_COURSE = (
    Column("line", "course"),
    Column("course_places", "places", arrow),
    moved_points("course_points", "points"),
)
_PROVINCES = (RANK, MOVED, Column("name_vi", "province"), TOTAL_SCORE, CHANGE, BAND, OFFICIAL_RANK, *_COURSE)
_UNIT = (RANK, OFFICIAL_RANK, TOTAL_SCORE, Column("name_vi", "unit"))
_FORMER = (RANK, Column("name_vi", "province"), TOTAL_SCORE, BAND, OFFICIAL_RANK)
_LEVELS = (
    Column("score_level", "scores"),
    Column("unit_level", "of"),
    Column("matched", "match", is_number=True),
    Column("rounding", is_number=True),
    Column("differs", "differ", is_number=True),
    Column("not_computable", "not computable", is_number=True),
    Column("largest", "largest difference", lambda largest: number(largest, ".4f", none=""), is_number=True),
)
#: What all rows of a ranking have in common.
_OF_THE_RANKING = (
    "period_type", "as_of", "period_status", "regime", "peers", "peers_expected", "baseline", "course_days",
    "contains_synthetic",
)  # fmt: skip


def _ranking_facts(ranking: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not ranking:
        return None
    provinces = [
        {name: value for name, value in row.items() if name not in (*_OF_THE_RANKING, "line")}
        for row in ranking
    ]
    return {**{name: ranking[0][name] for name in _OF_THE_RANKING}, "provinces": provinces}
