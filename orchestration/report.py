"""What a person reads after a run: the top of the ranking, the reconciliation, where the marts are.

Belongs here: reading the served marts and laying them out as text. Does not belong here: computing anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from unicodedata import normalize

import duckdb

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


def headline(serving: Path) -> str:
    """The article's figures for Dong Nai beside ours from records; empty where no records were published."""
    with open_marts(serving) as connection:
        found = _rows(connection, _HEADLINE)
    if not found:
        return ""
    row = found[0]
    manifest = json.loads((serving / "manifest.json").read_text(encoding="utf-8"))
    label = "from SYNTHETIC records" if manifest["contains_synthetic"] else "from records"
    lines = [
        f"{row['name_vi']}, window {row['period_start']} to {row['period_end']}, {label}, regime {row['regime']}",
        f"Movement against: {row['baseline'] or 'nothing earlier'}",
        "",
        *_table(
            ["figure", "article", "here"],
            [
                [
                    "dossiers recorded",
                    "> 729,000",
                    "-" if row["dossiers_received"] is None else f"{row['dossiers_received']:,}",
                ],
                ["filed online", "> 97 %", _percent(row["online_ratio"])],
                ["paid online", "nearly 99 %", _percent(row["paid_online_ratio"])],
                ["early, on time or within time", "99 %", _percent(row["timely_ratio"])],
                ["index", "92.2", "-" if row["total_score"] is None else f"{row['total_score']:.2f}"],
                [
                    "against early July",
                    "+19",
                    "-" if row["score_change"] is None else f"{row['score_change']:+.2f}",
                ],
                ["rank", "3 of 34", f"{row['rank'] or '-'} of {row['peers']}"],
                ["places", "▲ 12", arrow(row["rank_change"]) or "-"],
            ],
            right={1, 2},
        ),
    ]
    return "\n".join(lines)


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.2f} %"


def report(serving: Path) -> str:
    """The served release as text. Raises duckdb.Error where there is none."""
    with open_marts(serving) as connection:
        ranking = _rows(connection, _RANKING)
        reconciliation = _rows(connection, _RECONCILIATION)
        matched, compared = connection.execute(_WITH_COUNTS).fetchall()[0]
    if not ranking:
        return "No ranking by the portal's own figures: no snapshot of the portal has been delivered."
    first = ranking[0]
    lines = [
        f"Provinces, {first['period_type'].replace('_', ' ')}, as of {first['as_of']}"
        f" ({first['period_status']}, regime {first['regime']},"
        f" {first['peers']} of {first['peers_expected']} ranked)",
        f"Movement against: {first['baseline'] or 'nothing earlier'}",
        "",
        *_table(
            ["rank", "moved", "province", "score", "change", "band", "portal's rank"],
            [
                [
                    str(row["rank"] or "-"),
                    arrow(row["rank_change"]),
                    row["name_vi"],
                    f"{row['total_score']:.2f}" if row["total_score"] is not None else "-",
                    f"{row['score_change']:+.2f}" if row["score_change"] is not None else "",
                    row["band"] or "",
                    str(row["official_rank"] or "-"),
                ]
                for row in ranking[:TOP]
            ],
            right={0, 3, 4, 6},
        ),
        f"... and {len(ranking) - TOP} more" if len(ranking) > TOP else "",
        "",
        f"Against the portal's own scores: {matched} of {compared} province scores with counts match",
        "",
        *_table(
            ["scores", "of", "match", "rounding", "differ", "not computable", "largest difference"],
            [
                [
                    row["score_level"],
                    row["unit_level"],
                    str(row["matched"]),
                    str(row["rounding"]),
                    str(row["differs"]),
                    str(row["not_computable"]),
                    "" if row["largest"] is None else f"{row['largest']:.4f}",
                ]
                for row in reconciliation
            ],
            right={2, 3, 4, 5, 6},
        ),
    ]
    return "\n".join(lines)


def arrow(rank_change: int | None) -> str:
    """Places climbed as `▲ 9`, fallen as `▼ 2`, unmoved as `=`; empty where it cannot be said."""
    if rank_change is None:
        return ""
    if rank_change == 0:
        return "="
    return f"{'▲' if rank_change > 0 else '▼'} {abs(rank_change)}"


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    found = connection.execute(query)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int]) -> list[str]:
    """Columns padded to their widest cell; those in `right` (numbers) are set to the right."""
    to_right = set(right)
    # One character a letter: `ồ` may also come as `o` with two marks, which takes one place and counts three.
    rows = [[normalize("NFC", cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in [header, *rows]:
        cells = [
            cell.rjust(width) if index in to_right else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
