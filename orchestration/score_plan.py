"""What a unit can do next: the plan that is served for each goal, as steps, and what it loses most on.

Belongs here: reading them for people and scripts. Does not belong here: computing a plan (`mart_score_plan`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.answers.answer import Answer, Column, NotDoneError, Table
from orchestration.answers.figures import of_basis, points, reasons
from orchestration.publishing.marts import open_marts, rows
from orchestration.which_period import period_meant
from orchestration.which_unit import called, unit_meant

#: Goal: what people call it, and what is said where there is none.
_GOALS = {
    "next_tenth": ("Next tenth of a point", "it has all points"),
    "next_rank": ("Next rank", "it is the first"),
    "next_band": ("Next band", "it is in the highest"),
}
GOALS = tuple(_GOALS)
_LARGEST, _NAMED = 5, 10

_PLACE = """
select total_score, rank, peers, band, rank_reason from marts.bi_ranking
where period_id = $period_id and unit_code = $unit_code
"""
_PLAN = """
select
    plan.goal, plan.goal_total, plan.step, plan.metric_code, plan.group_code, indicators.name_vi as metric_vi,
    indicators.name_en as metric_en, plan.counted_unit, plan.more_units, plan.score_before, plan.score_after,
    plan.total_after, plan.plan_reason
from marts.mart_score_plan as plan
left join marts.dim_indicator as indicators using (regime, metric_code)
where plan.period_id = $period_id and plan.unit_code = $unit_code
order by plan.goal, plan.step
"""
_LOSSES = """
select
    gap.metric_code, gap.group_code, indicators.name_vi as metric_vi, indicators.name_en as metric_en, gap.score,
    gap.max_score, gap.points_lost, gap.counted_unit, gap.more_for_one_point, gap.one_point_reason,
    gap.more_for_full_mark, gap.full_mark_reason, gap.score_reason
from marts.mart_score_gap as gap
left join marts.dim_indicator as indicators using (regime, metric_code)
where gap.period_id = $period_id and gap.unit_code = $unit_code
order by gap.points_lost desc nulls last, gap.metric_code
"""
_STEPS = (
    Column("step", is_number=True),
    Column("todo", "to do"),
    Column("metric_vi", "metric"),
    points("score_before", "points"),
    points("score_after", "then"),
    points("total_after", "total then"),
)
_LOST = (
    points("points_lost", "lost"),
    points("score", "points"),
    points("max_score", "of"),
    Column("metric_vi", "metric"),
    Column("for_one_point", "for one point"),
    Column("for_full_mark", "for the full mark"),
)


def score_plan(serving: Path, word: str, goal: str | None, basis: str, kind: str, period: str) -> Answer:
    """What the unit that `word` means can do for `goal`, or for each. Raises NotDoneError where a word means nothing or
    the unit has no total, duckdb.Error where nothing is served at all.
    """
    with open_marts(serving) as connection:
        unit = unit_meant(connection, word, basis)
        of, whose = {"unit_code": unit["unit_code"]}, called(unit)
        meant = period_meant(connection, of, whose, period, basis, kind)
        asked = {**of, "period_id": meant["period_id"]}
        place = rows(connection, _PLACE, asked)[0]
        if place["total_score"] is None:
            raise NotDoneError(
                f"no plan for {whose}, no total in {meant['period_en']}: {place['rank_reason']}"
            )
        steps, losses = rows(connection, _PLAN, asked), rows(connection, _LOSSES, asked)
    plans = [_plan(one, steps, place) for one in ([goal] if goal else GOALS)]
    shown: list[str | Table] = [
        f"{whose}, {meant['period_en']}, {of_basis(meant['basis'], meant['contains_synthetic'])}",
        f"Total {place['total_score']:.2f}, rank {place['rank']} of {place['peers']}, band {place['band']};"
        f" scored under {meant['regime']}",
    ]
    for plan in plans:
        shown += ["", *_plan_shown(plan)]
    lost = [one for one in losses if one["points_lost"]]
    if lost:
        largest = [{**one, **_needed(one)} for one in lost[:_LARGEST]]
        shown += ["", f"Lost most on, {len(largest)} of {len(lost)} metrics:", "", Table(_LOST, largest)]
    unknown = [one for one in losses if one["points_lost"] is None]
    shown += reasons(unknown, "score_reason", "metric_vi", "Nobody knows what is lost on", _NAMED)
    return Answer({"unit": unit, "period": meant, **place, "plans": plans, "losses": losses}, shown)


def _plan(goal: str, steps: Sequence[Mapping[str, Any]], place: Mapping[str, Any]) -> dict[str, Any]:
    """The steps of one goal; `goal_total` is null where there is no such goal, `plan_reason` says why there are none."""
    of_goal = [step for step in steps if step["goal"] == goal]
    if not of_goal:
        return {"goal": goal, "goal_total": None, "points": None, "plan_reason": _GOALS[goal][1], "steps": []}
    total = of_goal[0]["goal_total"]
    of_all = ("goal", "goal_total", "plan_reason")
    return {
        "goal": goal,
        "goal_total": total,
        "points": total - place["total_score"],
        "plan_reason": of_goal[0]["plan_reason"],
        "steps": [
            {name: value for name, value in step.items() if name not in of_all}
            for step in of_goal
            if step["step"] > 0
        ],
    }


def _plan_shown(plan: Mapping[str, Any]) -> list[str | Table]:
    name = _GOALS[plan["goal"]][0]
    if plan["goal_total"] is None:
        return [f"{name}: {plan['plan_reason']}"]
    head = f"{name}: {plan['goal_total']:.2f}, {plan['points']:.2f} more"
    if not plan["steps"]:
        return [f"{head}; no plan: {plan['plan_reason']}"]
    steps = [{**step, "todo": _more(step["more_units"], step["counted_unit"])} for step in plan["steps"]]
    return [f"{head}, in this order:", "", Table(_STEPS, steps)]


def _needed(loss: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"for_{what}": loss[f"{what}_reason"] or ""
        if loss[f"more_for_{what}"] is None
        else _more(loss[f"more_for_{what}"], loss["counted_unit"])
        for what in ("one_point", "full_mark")
    }


def _more(count: int, unit: str) -> str:
    return f"{count:,} more {unit}{'' if count == 1 else 's'}"
