"""`gap`: the steps to a goal in words, what is lost most on, and what is said where there is no plan."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.answers.answer import Answer, NotDoneError, as_json
from orchestration.score_plan import score_plan

Told = Callable[[Answer], list[str]]


def asked(serving: Path, word: str = "dong nai", goal: str | None = None, period: str = "latest") -> Answer:
    return score_plan(serving, word, goal, "portal", "year_to_date", period)


def test_each_goal_and_the_largest_losses(serving: Path, told: Told) -> None:
    """69.60 - 69.52 = 0.08. It is the first. To 80.00 it takes 10.48, more than its counts can win."""
    assert told(asked(serving)) == [
        "Đồng Nai (H19, 75), Year 2026, up to 10 October 2026, by the portal's figures",
        "Total 69.52, rank 1 of 2, band average; scored under portal_2026",
        "",
        "Next tenth of a point: 69.60, 0.08 more, in this order:",
        "",
        "step  to do             metric                points  then  total then",
        "   1  20 more dossiers  Tỷ lệ hồ sơ đúng hạn    7.00  7.10       69.62",
        "",
        "Next rank: it is the first",
        "",
        "Next band: 80.00, 10.48 more; no plan: it takes 10.48 points; counts of its own can win 6.50",
        "",
        "Lost most on, 2 of 2 metrics:",
        "",
        "lost  points     of  metric                for one point                   for the full mark",
        "3.50    0.50   4.00  Tỷ lệ TTHC công bố    counted for the whole province  counted for the whole province",
        "3.00    7.00  10.00  Tỷ lệ hồ sơ đúng hạn  200 more dossiers               600 more dossiers",
        "Nobody knows what is lost on Tỷ lệ hài lòng: not_delivered: petitions",
    ]


def test_one_goal_in_several_steps(serving: Path, told: Told) -> None:
    assert told(asked(serving, "H21", "next_rank"))[3:] == [
        "Next rank: 69.53, 0.53 more, in this order:",
        "",
        "step  to do                metric                points  then  total then",
        "   1  1 more procedure     Tỷ lệ TTHC công bố      0.50  0.75       69.25",
        "   2  1,500 more dossiers  Tỷ lệ hồ sơ đúng hạn    6.00  6.30       69.55",
    ]


def test_scripts_are_given_the_plans_as_numbers(serving: Path) -> None:
    facts = json.loads(as_json(asked(serving).facts))
    assert [
        (plan["goal"], plan["goal_total"], plan["points"], len(plan["steps"])) for plan in facts["plans"]
    ] == [
        ("next_tenth", 69.6, 0.08, 1),
        ("next_rank", None, None, 0),
        ("next_band", 80, 10.48, 0),
    ]
    step = facts["plans"][0]["steps"][0]
    assert [step[name] for name in ("step", "metric_code", "more_units", "total_after")] == [
        1,
        "M1",
        20,
        69.62,
    ]
    assert [loss["metric_code"] for loss in facts["losses"]] == ["M2", "M1", "M3", "M4"]


def test_without_a_total_there_is_no_plan(serving: Path) -> None:
    with pytest.raises(
        NotDoneError, match=r"no plan for Hà Nội \(H26, 01\), no total in .*: no figure for ONLINE"
    ):
        asked(serving, "ha noi")
