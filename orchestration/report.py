"""What a person reads after a run: the top of the ranking, and how it compares with the portal's own scores.

Belongs here: reading the served marts, for people and scripts. Does not belong here: computing anything, and the figures
of one article (`simulation.article`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.answers.answer import Answer, Column, Table, number
from orchestration.publishing.marts import open_marts, rows

TOP = 10

# One ranking of the many: the newest year to date from the portal's own figures.
_RANKING = """
with shown as (
    select * from marts.mart_province_ranking
    where basis = 'portal' and period_type = 'year_to_date'
)

select rank, name_vi, total_score, band, rank_change, score_change,
    official_rank, period_status, peers, peers_expected, baseline, regime, period_type, as_of
from shown
where as_of = (select max(as_of) from shown)
order by rank nulls last, name_vi
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
_WITH_COUNTS = """
select count(*) filter (status = 'match'), count(*)
from marts.mart_official_reconciliation
where has_counts and official_score is not null and unit_level = 'province'
"""


def report(serving: Path) -> Answer:
    """The served ranking by the portal's figures, and how it compares with the portal's own scores. Raises duckdb.Error
    where there is none.
    """
    with open_marts(serving) as connection:
        ranking = rows(connection, _RANKING)
        reconciliation = rows(connection, _RECONCILIATION)
        matched, compared = connection.execute(_WITH_COUNTS).fetchall()[0]
    facts = {
        "ranking": _ranking_facts(ranking),
        "reconciliation": {"matched": matched, "compared": compared, "levels": reconciliation},
    }
    if not ranking:
        none = "No ranking by the portal's own figures: no snapshot of the portal has been delivered."
        return Answer(facts, [none])
    first = ranking[0]
    return Answer(
        facts,
        [
            f"Provinces, {first['period_type'].replace('_', ' ')}, as of {first['as_of']}"
            f" ({first['period_status']}, regime {first['regime']},"
            f" {first['peers']} of {first['peers_expected']} ranked)",
            f"Movement against: {first['baseline'] or 'nothing earlier'}",
            "",
            Table(_PROVINCES, ranking[:TOP]),
            f"... and {len(ranking) - TOP} more" if len(ranking) > TOP else "",
            "",
            f"Against the portal's own scores: {matched} of {compared} province scores with counts match",
            "",
            Table(_LEVELS, reconciliation),
        ],
    )


def arrow(rank_change: int | None) -> str:
    """Places climbed as `▲ 9`, fallen as `▼ 2`, unmoved as `=`; empty where it cannot be said."""
    if rank_change is None:
        return ""
    if rank_change == 0:
        return "="
    return f"{'▲' if rank_change > 0 else '▼'} {abs(rank_change)}"


_PROVINCES = (
    Column("rank", shown=lambda rank: str(rank or "-"), is_number=True),
    Column("rank_change", "moved", arrow),
    Column("name_vi", "province"),
    Column("total_score", "score", lambda score: number(score, ".2f"), is_number=True),
    Column("score_change", "change", lambda change: number(change, "+.2f", none=""), is_number=True),
    Column("band"),
    Column("official_rank", "portal's rank", lambda rank: str(rank or "-"), is_number=True),
)
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
_OF_THE_RANKING = ("period_type", "as_of", "period_status", "regime", "peers", "peers_expected", "baseline")


def _ranking_facts(ranking: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not ranking:
        return None
    provinces = [
        {name: value for name, value in row.items() if name not in _OF_THE_RANKING} for row in ranking
    ]
    return {**{name: ranking[0][name] for name in _OF_THE_RANKING}, "provinces": provinces}
