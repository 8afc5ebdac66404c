"""One ranking of those that are served: provinces, or the departments or communes of a province.

Belongs here: reading it for people and scripts. Does not belong here: computing a rank, and what a person reads after
each run (`report`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.answers.answer import Answer, Column, NotDoneError, Table
from orchestration.answers.figures import (
    BAND,
    CHANGE,
    MOVED,
    OFFICIAL_RANK,
    RANK,
    TOTAL_SCORE,
    measured_against,
    of_basis,
    points,
    reasons,
)
from orchestration.publishing.marts import open_marts, rows
from orchestration.which_period import period_meant
from orchestration.which_unit import NOT_UNDERSTOOD, called, unit_meant

PROVINCE = "province"
LEVELS = (PROVINCE, "department", "commune")
#: For people, unless they ask for more; scripts are given all.
TOP = 10
_NAMED = 10

_RANKING = """
select
    rank, unit_code, unit_vi, total_score, rank_change, score_change, band, official_rank, official_score,
    rank_reason, movement_reason, baseline, period_status, peers, peers_expected
from marts.bi_ranking
where period_id = $period_id and unit_level = $unit_level and (province_code = $province_code or $province_code is null)
order by rank nulls last, unit_vi, unit_code
"""
_UNITS = (
    RANK, MOVED, Column("unit_vi", "unit"), TOTAL_SCORE, CHANGE, BAND, OFFICIAL_RANK,
    points("official_score", "portal's score"),
)  # fmt: skip
#: What all rows have in common.
_OF_THE_RANKING = ("baseline", "period_status", "peers", "peers_expected")


def ranking(
    serving: Path, level: str | None, within: str | None, basis: str, kind: str, period: str, top: int | None
) -> Answer:
    """The units of one level, best first: provinces, else those of the province that `within` means. Raises NotDoneError
    where a word means nothing or there are no figures, duckdb.Error where nothing is served at all.
    """
    with open_marts(serving) as connection:
        province = _province(connection, within, basis)
        level = level or ("commune" if province else PROVINCE)
        if (level == PROVINCE) is (province is not None):
            expected = "no --within: provinces are ranked in the nation" if province else "--within PROVINCE"
            raise NotDoneError(
                f"found --level {level} {f'--within {within}' if province else 'alone'}, expected {expected};"
                " what lies below a province is ranked among its peers there",
                NOT_UNDERSTOOD,
            )
        of = {"unit_level": level} | ({"province_code": province["unit_code"]} if province else {})
        whose = f"{level}s of {called(province)}" if province else f"{level}s"
        meant = period_meant(connection, of, whose, period, basis, kind)
        ranked = rows(connection, _RANKING, {"province_code": None, **of, "period_id": meant["period_id"]})
    subject = f"{province['name_vi']}, {level}s" if province else f"{level}s".capitalize()
    units = [
        {name: value for name, value in row.items() if name not in _OF_THE_RANKING}
        for row in (ranked[:top] if top else ranked)
    ]
    facts = {
        "unit_level": level,
        "within": province,
        "period": meant,
        **{name: ranked[0][name] for name in _OF_THE_RANKING},
        "units": units,
    }
    return Answer(facts, _shown(subject, meant, ranked, top or TOP))


def _province(
    connection: duckdb.DuckDBPyConnection, within: str | None, basis: str
) -> Mapping[str, Any] | None:
    if within is None:
        return None
    unit = unit_meant(connection, within, basis)
    if unit["unit_level"] != PROVINCE:
        raise NotDoneError(
            f"found --within {within!r}, which is {called(unit)}, a {unit['unit_level']}, expected a province",
            NOT_UNDERSTOOD,
        )
    return unit


def _shown(
    subject: str, period: Mapping[str, Any], ranked: Sequence[Mapping[str, Any]], top: int
) -> list[str | Table]:
    first, more = ranked[0], len(ranked) - top
    why = {row["movement_reason"] for row in ranked}
    return [
        f"{subject}, {period['period_en']} ({first['period_status']}, regime {period['regime']},"
        f" {first['peers']} of {first['peers_expected'] or 'an unknown number'} ranked),"
        f" {of_basis(period['basis'], period['contains_synthetic'])}",
        measured_against(ranked),
        "",
        Table(_UNITS, ranked[:top]),
        *([f"... and {more} more (--top {len(ranked)})"] if more > 0 else []),
        *reasons(ranked, "rank_reason", "unit_vi", "No rank for", _NAMED),
        # Of one that all have, the line above says it.
        *(
            reasons(ranked[:top], "movement_reason", "unit_vi", "No movement of", _NAMED)
            if len(why) > 1
            else []
        ),
    ]
