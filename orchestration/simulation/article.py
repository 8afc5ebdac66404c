"""The article that the project starts from (Dong Nai, 3 December 2025), beside what records come to: a demonstration.

Belongs here: its figures, as they were printed. Does not belong here: what every installation reports
(`orchestration.report`).
"""

from __future__ import annotations

from pathlib import Path

from orchestration.answers.answer import Answer, Column, Table, number
from orchestration.answers.figures import arrow
from orchestration.publishing.marts import open_marts, rows

_HEADLINE = """
select dossiers_received, online_ratio, paid_online_ratio, timely_ratio, headline.total_score, headline.rank,
    ranking.peers, ranking.score_change, ranking.rank_change, ranking.baseline, headline.regime, headline.name_vi,
    headline.period_start, headline.period_end, headline.contains_synthetic
from marts.mart_service_headline as headline
inner join marts.mart_province_ranking as ranking
    using (basis, regime, period_type, period_start, period_end, as_of, unit_code)
where basis = 'records' and period_type = 'window' and period_start = date '2025-07-01'
    and period_end = date '2025-11-30' and unit_code = '75'
"""


def beside_article(serving: Path) -> Answer | None:
    """The article's figures for Dong Nai beside ours from records; None where no records were published."""
    with open_marts(serving) as connection:
        found = rows(connection, _HEADLINE)
    if not found:
        return None
    row = found[0]
    # What the row itself rests on: in the manifest, a synthetic file of the portal counts, too.
    label = "from SYNTHETIC records" if row["contains_synthetic"] else "from records"
    figures = (
        ("dossiers recorded", "> 729,000", number(row["dossiers_received"], ",")),
        ("filed online", "> 97 %", _percent(row["online_ratio"])),
        ("paid online", "nearly 99 %", _percent(row["paid_online_ratio"])),
        ("early, on time or within time", "99 %", _percent(row["timely_ratio"])),
        ("index", "92.2", number(row["total_score"], ".2f")),
        ("against early July", "+19", number(row["score_change"], "+.2f")),
        ("rank", "3 of 34", f"{row['rank'] or '-'} of {row['peers']}"),
        ("places", "▲ 12", arrow(row["rank_change"]) or "-"),
    )
    columns = (Column("figure"), Column("article", is_number=True), Column("here", is_number=True))
    return Answer(
        row,
        [
            f"{row['name_vi']}, window {row['period_start']} to {row['period_end']}, {label}, regime {row['regime']}",
            f"Movement against: {row['baseline'] or 'nothing earlier'}",
            "",
            Table(
                columns, [dict(zip(("figure", "article", "here"), figure, strict=True)) for figure in figures]
            ),
        ],
    )


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{100 * ratio:.2f} %"
