"""What a person reads after a run: the top of the ranking, the reconciliation, where the marts are.

Belongs here: reading the served marts, for people and scripts. Does not belong here: computing anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.answers.answer import Answer, Column, Table
from orchestration.publishing.marts import open_marts

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
# The news item the project starts from: Dong Nai, 3 December 2025.
_HEADLINE = """
select dossiers_received, online_ratio, paid_online_ratio, timely_ratio, headline.total_score, headline.rank,
    ranking.peers, ranking.score_change, ranking.rank_change, ranking.baseline, headline.regime, headline.name_vi,
    headline.period_start, headline.period_end
from marts.mart_service_headline as headline
inner join marts.mart_province_ranking as ranking
    using (basis, regime, period_type, period_start, period_end, as_of, unit_code)
where basis = 'records' and period_type = 'window' and period_start = date '2025-07-01'
    and period_end = date '2025-11-30' and unit_code = '75'
"""


def served(serving: Path) -> Answer:
    """All of what a person reads after a run. Raises duckdb.Error where nothing is served."""
    by_portal, by_records = report(serving), headline(serving)
    places = {"warehouse": serving / "warehouse.duckdb", "report_page": serving / "report.html"}
    return Answer(
        {**by_portal.facts, "headline": by_records.facts if by_records else None, **places},
        [
            *by_portal.shown,
            *(["", *by_records.shown] if by_records else []),
            "",
            f"Marts for BI tools: {places['warehouse']} (schema marts), also as Parquet",
            f"Why this was released: {places['report_page']}",
        ],
    )


def headline(serving: Path) -> Answer | None:
    """The article's figures for Dong Nai beside ours from records; None where no records were published."""
    with open_marts(serving) as connection:
        found = _rows(connection, _HEADLINE)
    if not found:
        return None
    row = found[0]
    manifest = json.loads((serving / "manifest.json").read_text(encoding="utf-8"))
    label = "from SYNTHETIC records" if manifest["contains_synthetic"] else "from records"
    figures = (
        ("dossiers recorded", "> 729,000", _number(row["dossiers_received"], ",")),
        ("filed online", "> 97 %", _percent(row["online_ratio"])),
        ("paid online", "nearly 99 %", _percent(row["paid_online_ratio"])),
        ("early, on time or within time", "99 %", _percent(row["timely_ratio"])),
        ("index", "92.2", _number(row["total_score"], ".2f")),
        ("against early July", "+19", _number(row["score_change"], "+.2f")),
        ("rank", "3 of 34", f"{row['rank'] or '-'} of {row['peers']}"),
        ("places", "▲ 12", arrow(row["rank_change"]) or "-"),
    )
    columns = (Column("figure"), Column("article", is_number=True), Column("here", is_number=True))
    return Answer(
        {**row, "contains_synthetic": manifest["contains_synthetic"]},
        [
            f"{row['name_vi']}, window {row['period_start']} to {row['period_end']}, {label}, regime {row['regime']}",
            f"Movement against: {row['baseline'] or 'nothing earlier'}",
            "",
            Table(
                columns, [dict(zip(("figure", "article", "here"), figure, strict=True)) for figure in figures]
            ),
        ],
    )


def report(serving: Path) -> Answer:
    """The served ranking by the portal's figures, and how it compares with the portal's own scores. Raises duckdb.Error
    where there is none.
    """
    with open_marts(serving) as connection:
        ranking = _rows(connection, _RANKING)
        reconciliation = _rows(connection, _RECONCILIATION)
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


def _number(value: Any, form: str, none: str = "-") -> str:
    return none if value is None else format(value, form)


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.2f} %"


_PROVINCES = (
    Column("rank", shown=lambda rank: str(rank or "-"), is_number=True),
    Column("rank_change", "moved", arrow),
    Column("name_vi", "province"),
    Column("total_score", "score", lambda score: _number(score, ".2f"), is_number=True),
    Column("score_change", "change", lambda change: _number(change, "+.2f", none=""), is_number=True),
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
    Column("largest", "largest difference", lambda largest: _number(largest, ".4f", none=""), is_number=True),
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


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
