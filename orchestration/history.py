"""The figures of one unit day by day, from what the portal published: total, groups, ranks, and why it did not move.

Belongs here: finding the unit that was meant, and reading its figures from the served marts. Does not belong here:
computing any of them, and what stands beside them on one day (`report`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.answers.answer import Answer, Column, NotDoneError, Table, number
from orchestration.publishing.marts import open_marts, rows

#: What the portal publishes figures of.
PERIOD_TYPES = ("year_to_date", "quarter", "month")
#: In the order in which the portal shows them.
GROUPS = ("CKMB", "TDGQ", "ONLINE", "TTTT", "MDSH", "MDHL")
_SUGGESTED = 3

# Names as people type them: without accents, in any case, with or without the office and the kind of unit before it.
_KEYS = r"""
create temp macro typed(name) as
    trim(regexp_replace(translate(strip_accents(lower(nfc_normalize(name))), 'đ', 'd'), '\s+', ' ', 'g'));
create temp macro bare(name) as
    regexp_replace(typed(name), '^(ubnd )?(tinh |thanh pho |tp[.]? ?|xa |phuong |dac khu )?', '');
create temp view figures as
select * from marts.mart_province_ranking where basis = 'portal'
union all by name
select * from marts.mart_department_ranking where basis = 'portal'
union all by name
select * from marts.mart_commune_ranking where basis = 'portal';
"""
# A code is one unit's; a name may be that of several. Of those, a name as it is written goes before one without accents
# or its kind, and then units that have figures before the others, provinces before what lies below them.
_MEANT = """
with known as (
    select
        unit_code, unit_level, province_code,
        max(agency_code) as agency_code,
        arg_max(name_vi, valid_from) as name_vi,
        list(distinct name_vi) as names,
        unit_code in (select unit_code from figures) as has_figures
    from marts.dim_unit
    where unit_level <> 'nation'
    group by unit_code, unit_level, province_code
),

meant as (
    select *,
        case
            when upper(trim($word)) in (unit_code, agency_code) then 1
            when list_contains(list_transform(names, lambda name: lower(name)), lower(trim(nfc_normalize($word)))) then 2
            when list_contains(list_transform(names, lambda name: typed(name)), typed($word)) then 3
            when list_contains(list_transform(names, lambda name: bare(name)), bare($word)) then 4
        end as likeness
    from known
)

select unit_code, unit_level, agency_code, name_vi, has_figures,
    if(unit_level = 'province', 'VN', province_code) as parent_unit_code
from meant
where likeness is not null
qualify rank() over (order by likeness, has_figures desc, unit_level = 'province' desc) = 1
order by province_code, unit_code
"""
_NAMES = (
    "select distinct unit_code, agency_code, name_vi, bare(name_vi) as name_key from figures order by all"
)
_HISTORY = f"""
with groups as (
    pivot (
        select regime, period_type, period_start, as_of, group_code, score from marts.mart_index
        where basis = 'portal' and unit_code = getvariable('unit_code')
    )
    on group_code in {GROUPS} using first(score)
),

-- Figures that a later capture showed again have no day of their own.
seen_again as (
    select regime, period_type, period_start, as_of, max(last_seen_at)::date as seen_until
    from marts.mart_portal_captures
    where times_seen_again > 0
        and unit_level = getvariable('unit_level') and parent_unit_code = getvariable('parent_unit_code')
    group by all
)

select
    figures.regime, figures.period_type, figures.period_start, figures.period_end, figures.as_of,
    figures.period_status, total_score, {", ".join(GROUPS)}, rank, peers, official_rank, score_change, rank_change,
    rank_reason, movement_reason, seen_until,
    case figures.period_type
        when 'month' then strftime(figures.period_start, '%Y-%m')
        when 'quarter' then strftime(figures.period_start, '%Y-Q') || quarter(figures.period_start)
        else strftime(figures.period_start, '%Y')
    end as period
from figures
left join groups using (regime, period_type, period_start, as_of)
left join seen_again using (regime, period_type, period_start, as_of)
where unit_code = getvariable('unit_code')
    and (period_type = getvariable('period_type') or getvariable('period_type') is null)
order by
    max(figures.as_of) over (partition by figures.regime) desc, figures.regime,
    array_position({[*PERIOD_TYPES]}, figures.period_type), figures.period_start, figures.as_of
"""
_DAYS = (
    Column("as_of", "as of"),
    Column("period"),
    Column("total_score", "total", lambda score: number(score, ".2f"), is_number=True),
    *(Column(group, shown=lambda score: number(score, ".2f"), is_number=True) for group in GROUPS),
    Column("rank", shown=lambda rank: str(rank or "-"), is_number=True),
    Column("official_rank", "portal's rank", lambda rank: str(rank or "-"), is_number=True),
    Column("score_change", "change", lambda change: number(change, "+.2f", none=""), is_number=True),
    Column("seen_until", "seen until", lambda day: str(day or "")),
)


def history(serving: Path, word: str, period_type: str | None = None) -> Answer:
    """What is served of the unit that `word` means, each set of rules and type of period apart. Raises NotDoneError where
    it means none or several, or nothing is served of it; duckdb.Error where nothing is served at all.
    """
    with open_marts(serving) as connection:
        connection.execute(_KEYS)
        unit = _meant(connection, word)
        for name in ("unit_code", "unit_level", "parent_unit_code"):
            connection.execute(f"set variable {name} = $1", [unit[name]])
        connection.execute("set variable period_type = $1", [period_type])
        days = rows(connection, _HISTORY)
    called = _called(unit)
    if not days:
        of_type = f" of a {_words(period_type)}" if period_type else ""
        raise NotDoneError(
            f"found no figures{of_type} by the portal for {called}, expected some in what is served"
        )
    series = [
        {"regime": regime, "period_type": found, "days": [*listed]}
        for (regime, found), listed in groupby(days, key=lambda day: (day["regime"], day["period_type"]))
    ]
    shown: list[str | Table] = [f"{called}, by the portal's figures"]
    for one in series:
        shown += ["", *_shown(one)]
    regimes = sorted({one["regime"] for one in series})
    if len(regimes) > 1:
        shown += ["", f"Figures under different rules ({', '.join(regimes)}) are not compared."]
    return Answer({"unit": unit, "series": series}, shown)


def _shown(series: Mapping[str, Any]) -> list[str | Table]:
    days = series["days"]
    return [
        f"{_words(series['period_type']).capitalize()}, scored under {series['regime']},"
        f" ranked among {days[-1]['peers']}; change against the figures before",
        "",
        Table(_DAYS, days),
        *_reasons(days, "rank_reason", "No rank"),
        *_reasons(days, "movement_reason", "No change"),
    ]


def _reasons(days: Sequence[Mapping[str, Any]], reason: str, what: str) -> list[str]:
    found: dict[str, list[str]] = {}
    for day in days:
        if day[reason]:
            found.setdefault(day[reason], []).append(str(day["as_of"]))
    return [f"{what} on {', '.join(on)}: {why}" for why, on in found.items()]


def _words(period_type: str) -> str:
    return period_type.replace("_", " ")


def _meant(connection: duckdb.DuckDBPyConnection, word: str) -> dict[str, Any]:
    found = rows(connection, _MEANT, {"word": word})
    if len(found) == 1:
        return found[0]
    if found:
        some = ", ".join(map(_called, found[:_SUGGESTED]))
        raise NotDoneError(
            f"found {len(found)} units called {word!r}, expected one; name it by its code, such as {some}"
        )
    ((key,),) = connection.execute("select bare($1)", [word]).fetchall()
    known = {
        row[name]: row
        for row in rows(connection, _NAMES)
        for name in ("unit_code", "agency_code", "name_key")
    }
    near = get_close_matches(key, known, n=_SUGGESTED) or get_close_matches(word.upper(), known, n=_SUGGESTED)
    meant = f"; did you mean {' or '.join(_called(known[name]) for name in near)}?" if near else ""
    raise NotDoneError(f"found no unit {word!r}, expected an agency code, a state code or a name{meant}")


def _called(unit: Mapping[str, Any]) -> str:
    codes = dict.fromkeys(code for code in (unit["agency_code"], unit["unit_code"]) if code)
    return f"{unit['name_vi']} ({', '.join(codes)})"
