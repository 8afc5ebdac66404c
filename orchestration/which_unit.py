"""The unit that was meant: by its codes, or by its name as people type it.

Belongs here: finding it in what is served, and what is said where a word means none or several. Does not belong here:
its figures (`history`, `ranking`, `movement`, `score_plan`).
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import duckdb

from orchestration.answers.answer import NotDoneError
from orchestration.publishing.marts import rows

#: Names that are near, and units of one name, in one message.
_SUGGESTED, _LISTED = 3, 10
#: Of a word that is not understood, as of an option that is not.
NOT_UNDERSTOOD = 2

# Names as people type them: without accents, in any case, with or without the office and the kind of unit before it.
# What is typed is read the same way, so that `search_name` of dim_unit, which keeps the kind, is not needed here.
_KEYS = r"""
create or replace temp macro typed(name) as trim(regexp_replace(
    translate(strip_accents(lower(nfc_normalize(name))), 'đ', 'd'), '[\s,-]+', ' ', 'g'
));
create or replace temp macro bare(name) as
    regexp_replace(typed(name), '^(ubnd )?(tinh |thanh pho |tp[.]? ?|xa |phuong |dac khu )?', '');
create or replace temp macro with_province(name) as
    regexp_replace(typed(name), ' (tinh|thanh pho|tp[.]?) ?', ' ');
create or replace temp view figures as
select * from marts.mart_province_ranking where basis = getvariable('basis')
union all by name
select * from marts.mart_department_ranking where basis = getvariable('basis')
union all by name
select * from marts.mart_commune_ranking where basis = getvariable('basis');
"""
# A code is one unit's; a name may be that of several. Of those, a name as it is written goes before one without accents
# or its kind, and this before one with its province; then units that have figures go before the others, provinces before
# what lies below them.
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

placed as (
    select known.*, if(known.unit_level = 'province', null, provinces.name_vi) as province_vi
    from known
    left join known as provinces
        on known.province_code = provinces.unit_code and provinces.unit_level = 'province'
),

meant as (
    select *,
        case
            when upper(trim($word)) in (unit_code, agency_code) then 1
            when list_contains(list_transform(names, lambda name: lower(name)), lower(trim(nfc_normalize($word)))) then 2
            when list_contains(list_transform(names, lambda name: typed(name)), typed($word)) then 3
            when list_contains(list_transform(names, lambda name: bare(name)), bare($word)) then 4
            when list_contains(
                list_transform(names, lambda name: typed(name) || ' ' || bare(province_vi)), with_province($word)
            ) then 5
            when list_contains(
                list_transform(names, lambda name: bare(name) || ' ' || bare(province_vi)), bare(with_province($word))
            ) then 6
        end as likeness
    from placed
)

select unit_code, unit_level, agency_code, name_vi, has_figures, province_code, province_vi,
    if(unit_level = 'province', 'VN', province_code) as parent_unit_code
from meant
where likeness is not null
qualify rank() over (order by likeness, has_figures desc, unit_level = 'province' desc) = 1
order by province_code, unit_code
"""
_NAMES = (
    "select distinct unit_code, agency_code, name_vi, bare(name_vi) as name_key from figures order by all"
)


def unit_meant(connection: duckdb.DuckDBPyConnection, word: str, basis: str) -> dict[str, Any]:
    """The unit that `word` means, if any: one with figures of `basis` before others of its name. Raises NotDoneError.

    The connection keeps the view `figures`: the three rankings on that basis.
    """
    connection.execute("set variable basis = $1", [basis])
    connection.execute(_KEYS)
    found = rows(connection, _MEANT, {"word": word})
    if len(found) == 1:
        return found[0]
    if found:
        some = "; ".join(map(placed, found[:_LISTED]))
        more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise NotDoneError(
            f"found {len(found)} units called {word!r}, expected one; name it by its code: {some}{more}",
            NOT_UNDERSTOOD,
        )
    ((key,),) = connection.execute("select bare($1)", [word]).fetchall()
    known = {
        row[name]: row
        for row in rows(connection, _NAMES)
        for name in ("unit_code", "agency_code", "name_key")
        if row[name]
    }
    near = get_close_matches(key, known, n=_SUGGESTED) or get_close_matches(word.upper(), known, n=_SUGGESTED)
    likely = dict.fromkeys(called(known[name]) for name in near)
    meant = f"; did you mean {' or '.join(likely)}?" if likely else ""
    raise NotDoneError(
        f"found no unit {word!r}, expected an agency code, a state code or a name{meant}", NOT_UNDERSTOOD
    )


def called(unit: Mapping[str, Any]) -> str:
    """Its name and codes, for people."""
    return f"{unit['name_vi']} ({_codes(unit)})"


def placed(unit: Mapping[str, Any]) -> str:
    """The same with its province, which tells it from others of its name."""
    province = f", {unit['province_vi']}" if unit["province_vi"] else ""
    return f"{unit['name_vi']}{province} ({_codes(unit)})"


def _codes(unit: Mapping[str, Any]) -> str:
    return ", ".join(dict.fromkeys(code for code in (unit["agency_code"], unit["unit_code"]) if code))
