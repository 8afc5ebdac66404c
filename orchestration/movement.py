"""What moved the total of a unit between two periods, or one period between two releases: the parts of it, biggest first,
which add up to its change.

Belongs here: which two are meant, and reading their movement for people and scripts. Does not belong here: computing it
(`bi_movement`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from orchestration.answers.answer import Answer, Column, NotDoneError, Table
from orchestration.answers.figures import moved_points, of_basis, points
from orchestration.commands import command
from orchestration.publishing.marts import open_marts, rows
from orchestration.publishing.release import Release, current, list_releases
from orchestration.publishing.two_releases import BEFORE, open_both
from orchestration.which_period import LATEST, period_meant
from orchestration.which_unit import NOT_UNDERSTOOD, called, unit_meant

# What the ranking compares the later period with; where that is nothing, or nothing under its rules, the figures before:
# of a year to date those of its own year, for the whole of the year before is another amount of work (ADR 0010).
_BEFORE = """
with later as (
    select * from marts.bi_ranking
    where period_id = $period_id and unit_code = $unit_code
)

select earlier.period_id
from marts.bi_ranking as earlier
inner join later using (basis, regime, period_type, unit_code)
where (
        earlier.as_of < later.as_of
        or (earlier.as_of = later.as_of and earlier.period_start < later.period_start)
    )
    and (later.period_type <> 'year_to_date' or earlier.period_start = later.period_start)
order by
    coalesce(
        later.baseline = earlier.period_type || ' from ' || earlier.period_start || ' as of ' || earlier.as_of, false
    ) desc,
    earlier.as_of desc, earlier.period_start desc
limit 1
"""
_PLACES = """
select period_id, total_score, rank, peers, rank_reason, movement_reason, baseline from marts.bi_ranking
where period_id = $period_id and unit_code = $unit_code
"""
_PARTS = """
select
    part_level, group_code, part_code, part_vi, part_en, points_from, points_to, points_moved,
    numerator_from, numerator_to, denominator_from, denominator_to, ratio_from, ratio_to,
    total_from, total_to, total_moved
from marts.bi_movement
where from_period_id = $earlier and to_period_id = $later and unit_code = $unit_code
order by abs(points_moved) desc, points_moved desc, part_level, part_code
"""
#: The release that the one that is served took the place of.
PREVIOUS = "previous"
#: What all parts have in common.
_TOTALS = ("total_from", "total_to", "total_moved")
_MOVED = (
    moved_points("points_moved", "moved"),
    points("points_from", "before"),
    points("points_to", "after"),
    Column("group_code", "group"),
    Column("part_vi", "part"),
)
_COUNTS = (
    Column("counts_from", "counts before", is_number=True),
    Column("counts_to", "counts after", is_number=True),
)


def movement(
    serving: Path, word: str, earlier: str | None, later: str | None, basis: str, kind: str
) -> Answer:
    """What moved the unit that `word` means from the period `earlier` to `later`; without these words the latest, and
    what the ranking compares it with. Exit code 1 where one of them has no total. Raises NotDoneError where a word means
    nothing or the two are not compared, duckdb.Error where nothing is served at all.
    """
    with open_marts(serving) as connection:
        unit = unit_meant(connection, word, basis)
        of, whose = {"unit_code": unit["unit_code"]}, called(unit)
        to = period_meant(connection, of, whose, later or LATEST, basis, kind)
        before = earlier or _before(connection, to, of, whose)
        since = period_meant(connection, of, whose, before, to["basis"], to["period_type"])
        _refuse_incomparable(since, to)
        return _explained(connection, unit, since, to, (since["period_en"], to["period_en"]))


def movement_since(
    serving: Path, word: str, release: str, later: str | None, basis: str, kind: str
) -> Answer:
    """What moved the unit that `word` means in one period, without a word the latest, since an earlier `release` that is
    kept: its id, or `previous`. Raises and exits as `movement` does, and NotDoneError where no such release is kept.
    """
    with open_marts(serving) as connection:
        unit = unit_meant(connection, word, basis)
        period = period_meant(
            connection, {"unit_code": unit["unit_code"]}, called(unit), later or LATEST, basis, kind
        )
    served, earlier = _two_releases(serving, release)
    with open_both(served.folder, earlier.folder, period["period_id"]) as connection:
        before = {**period, "period_id": BEFORE}
        heads = tuple(f"{period['period_en']}, by release {one.release_id}" for one in (earlier, served))
        answer = _explained(connection, unit, before, period, heads)
    named = {"from_release": earlier.release_id, "to_release": served.release_id}
    return replace(answer, facts={**answer.facts, "from": period, **named})


def _two_releases(serving: Path, word: str) -> tuple[Release, Release]:
    served = current(serving)
    if served is None:
        raise NotDoneError(f"{serving}: found no release that is served, expected one; {command('refresh')}")
    kept = {one.release_id: one for one in list_releases(serving) if one.release_id != served.release_id}
    wanted = str(served.manifest["previous"]) if word == PREVIOUS else word
    if wanted in kept:
        return served, kept[wanted]
    found = f"{PREVIOUS}, which is {wanted}" if word == PREVIOUS else repr(word)
    raise NotDoneError(
        f"found no release {found}, expected {PREVIOUS} or one that is kept: {', '.join(kept) or 'there is none'}",
        NOT_UNDERSTOOD,
    )


def _explained(
    connection: duckdb.DuckDBPyConnection,
    unit: Mapping[str, Any],
    since: Mapping[str, Any],
    to: Mapping[str, Any],
    heads: Sequence[str],
) -> Answer:
    of, whose = {"unit_code": unit["unit_code"]}, called(unit)
    then, now = (_place(connection, {**of, "period_id": one["period_id"]}) for one in (since, to))
    parts = rows(connection, _PARTS, {**of, "earlier": since["period_id"], "later": to["period_id"]})
    totals = dict.fromkeys(_TOTALS) | ({name: parts[0][name] for name in _TOTALS} if parts else {})
    parts = [{name: value for name, value in part.items() if name not in _TOTALS} for part in parts]
    is_synthetic = since["contains_synthetic"] or to["contains_synthetic"]
    facts = {
        "unit": unit, "from": since, "to": to, **totals, "parts": parts,
        "rank_from": then["rank"], "rank_to": now["rank"], "peers_from": then["peers"], "peers_to": now["peers"],
        "contains_synthetic": is_synthetic,
    }  # fmt: skip
    title = [
        f"{whose}, {of_basis(to['basis'], is_synthetic)}, scored under {to['regime']}",
        f"Before: {heads[0]}",
        f"After:  {heads[1]}",
    ]
    if totals["total_moved"] is None:
        why = "; ".join(
            f"no total in {head}: {place['rank_reason'] or 'no reason is served'}"
            for head, place in zip(heads, (then, now), strict=True)
            if place["total_score"] is None
        )
        error = f"the change of {whose} is not explained: {why or 'no parts of it are served'}"
        return Answer({**facts, "error": error}, [*title, error, *_table(parts, None)], code=1)
    return Answer(facts, [*title, _places(since, then, now), *_table(parts, totals)])


def _place(connection: duckdb.DuckDBPyConnection, of: Mapping[str, str]) -> Mapping[str, Any]:
    """An earlier release may not have the unit in this period at all."""
    found = rows(connection, _PLACES, of)
    missing = dict.fromkeys(("total_score", "rank", "peers", "movement_reason", "baseline"))
    return found[0] if found else {**missing, "rank_reason": "no figures of it there"}


def _before(
    connection: duckdb.DuckDBPyConnection, to: Mapping[str, Any], of: Mapping[str, str], whose: str
) -> str:
    found = rows(connection, _BEFORE, {**of, "period_id": to["period_id"]})
    if found:
        return str(found[0]["period_id"])
    place = _place(connection, {**of, "period_id": to["period_id"]})
    why = place["movement_reason"] or "no earlier figures of this kind"
    raise NotDoneError(f"nothing to compare {to['period_en']} of {whose} with: {why}")


def _refuse_incomparable(since: Mapping[str, Any], to: Mapping[str, Any]) -> None:
    apart = [
        f"{what} {since[name]} and {to[name]}"
        for name, what in (("basis", "basis"), ("regime", "rules"), ("period_type", "type of period"))
        if since[name] != to[name]
    ]
    if apart:
        raise NotDoneError(
            f"not comparable: {', '.join(apart)}, expected two periods that have these in common"
        )
    if (since["as_of"], since["period_start"]) >= (to["as_of"], to["period_start"]):
        raise NotDoneError(
            f"found --from {since['period_id']} and --to {to['period_id']}, expected the earlier first",
            NOT_UNDERSTOOD,
        )


def _places(since: Mapping[str, Any], then: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    ranks = f"Rank {then['rank']} of {then['peers']} before, {now['rank']} of {now['peers']} after"
    compared = f"{since['period_type']} from {since['period_start']} as of {since['as_of']}"
    if now["baseline"] == compared and now["movement_reason"]:
        return f"{ranks}; places: {now['movement_reason']}"
    return ranks


def _table(parts: Sequence[Mapping[str, Any]], totals: Mapping[str, Any] | None) -> list[str | Table]:
    moved = [{**part, **_counts(part)} for part in parts if part["points_moved"]]
    if totals is not None:
        total = {"part_vi": "Tổng điểm", "group_code": "TOTAL", "counts_from": "", "counts_to": ""}
        names = zip(("points_from", "points_to", "points_moved"), _TOTALS, strict=True)
        moved.append({**total, **{name: totals[of] for name, of in names}})
    still = len(parts) - sum(1 for part in parts if part["points_moved"])
    shown: list[str | Table] = ["", Table(_columns(moved), moved)] if moved else []
    return [*shown, f"Parts that did not move: {still}"] if still else shown


def _columns(moved: Sequence[Mapping[str, Any]]) -> Sequence[Column]:
    """A group that moved as a whole has no counts."""
    has_counts = any(part[column.name] for part in moved for column in _COUNTS)
    return (*_MOVED, *_COUNTS) if has_counts else _MOVED


def _counts(part: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"counts_{when}": f"{part[f'numerator_{when}']:,} of {part[f'denominator_{when}']:,}"
        if part[f"numerator_{when}"] is not None and part[f"denominator_{when}"] is not None
        else ""
        for when in ("from", "to")
    }
