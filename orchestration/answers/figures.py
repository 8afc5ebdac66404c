"""How figures of rankings are shown: places, scores, movement, and why there is none.

Belongs here: columns that several answers have. Does not belong here: reading figures (the modules that commands call).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orchestration.answers.answer import Column, number


def arrow(rank_change: int | None) -> str:
    """Places climbed as `▲ 9`, fallen as `▼ 2`, unmoved as `=`; empty where it cannot be said."""
    if rank_change is None:
        return ""
    if rank_change == 0:
        return "="
    return f"{'▲' if rank_change > 0 else '▼'} {abs(rank_change)}"


def points(name: str, head: str | None = None) -> Column:
    """Points in two decimals."""
    return Column(name, head, lambda score: number(score, ".2f"), is_number=True)


def moved_points(name: str, head: str) -> Column:
    """Points won or lost, with their sign; empty where it cannot be said."""
    return Column(name, head, lambda change: number(change, "+.2f", none=""), is_number=True)


RANK = Column("rank", shown=lambda rank: str(rank or "-"), is_number=True)
OFFICIAL_RANK = Column("official_rank", "portal's rank", lambda rank: str(rank or "-"), is_number=True)
MOVED = Column("rank_change", "moved", arrow)
CHANGE = moved_points("score_change", "change")
TOTAL_SCORE = points("total_score", "score")
BAND = Column("band")


def of_basis(basis: str, contains_synthetic: bool) -> str:
    """Whose figures they are, for a title. Either basis may be synthetic."""
    if contains_synthetic:
        files = "files of the portal" if basis == "portal" else "records"
        return f"from SYNTHETIC {files}: these are nobody's figures"
    return "by the portal's figures" if basis == "portal" else "from records"


def words(name: str) -> str:
    """A code of the marts, such as a type of period, as people read it."""
    return name.replace("_", " ")


def measured_against(ranked: Sequence[Mapping[str, Any]]) -> str:
    """The line that says what the movement of a ranking is measured against; where no row's can be said, all for one
    reason, and that too. `ranked` is not empty; its rows have `baseline`, which is one, and `movement_reason`.
    """
    baseline, why = ranked[0]["baseline"], {row["movement_reason"] for row in ranked}
    of_all = f"; {why.pop()}" if len(why) == 1 and None not in why else ""
    return f"Movement against: {baseline}{of_all}" if baseline else "Movement against: nothing earlier"


def reasons(
    rows: Iterable[Mapping[str, Any]], reason: str, of: str, what: str, named: int | None = None
) -> list[str]:
    """A line for each reason that rows have for a figure that is missing: `what`, of which of them, and why; at most
    `named` of them by name.
    """
    found: dict[str, list[str]] = {}
    for row in rows:
        if row[reason]:
            found.setdefault(row[reason], []).append(str(row[of]))
    return [f"{what} {', '.join(those[:named])}{_and(those, named)}: {why}" for why, those in found.items()]


def _and(those: list[str], named: int | None) -> str:
    more = 0 if named is None else len(those) - named
    return f" and {more} more" if more > 0 else ""
