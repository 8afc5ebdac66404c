"""`explain`: between which two periods, which part moved the total, and what is said where that cannot be said."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from orchestration.answers.answer import Answer, NotDoneError, as_json
from orchestration.movement import movement
from tests.unit.questions.small_marts import period_id

Told = Callable[[Answer], list[str]]
YEAR = "portal", "year_to_date"


@pytest.mark.parametrize("word", ["H19", "75", "Đồng Nai", "dong nai"])
def test_the_parts_of_a_change_the_biggest_first(serving: Path, told: Told, word: str) -> None:
    """1.00 of M1, 0.50 of M2, 0.03 of a group without counts, less the 0.01 that the portal had rounded up: 1.52."""
    assert told(movement(serving, word, None, None, *YEAR)) == [
        "Đồng Nai (H19, 75), by the portal's figures, scored under portal_2026",
        "Before: Year 2026, up to 6 October 2026",
        "After:  Year 2026, up to 10 October 2026",
        "Rank 2 of 2 before, 1 of 2 after",
        "",
        "moved  before  after  group  part                  counts before    counts after",
        "+1.00    6.00   7.00  A      Tỷ lệ hồ sơ đúng hạn   600 of 1,000  1,400 of 2,000",
        "+0.50    0.00   0.50  A      Tỷ lệ TTHC công bố                           1 of 4",
        "+0.03   59.99  60.02  B      Số hóa hồ sơ",
        "-0.01    0.01   0.00  TOTAL  Làm tròn của Cổng",
        "+1.52   68.00  69.52  TOTAL  Tổng điểm",
        "Parts that did not move: 1",
    ]


def test_scripts_are_given_parts_that_add_up_to_the_change(serving: Path) -> None:
    answer = movement(serving, "H19", "2026-10-06", period_id("10 October"), *YEAR)
    assert (
        sum(part["points_moved"] for part in answer.facts["parts"])
        == answer.facts["total_moved"]
        == Decimal("1.52")
    )
    facts = json.loads(as_json(answer.facts))
    assert (facts["from"]["as_of"], facts["to"]["as_of"], facts["rank_from"], facts["rank_to"]) == (
        "2026-10-06",
        "2026-10-10",
        2,
        1,
    )
    names = ("part_code", "points_moved", "numerator_from", "denominator_to")
    assert [facts["parts"][0][name] for name in names] == ["M1", 1, 600, 2000]
    assert answer.code == 0


def test_a_window_is_compared_with_the_baseline_of_the_ranking_or_with_what_is_asked(
    serving: Path, told: Told
) -> None:
    """The first half is its baseline, though summer ended later: 92.00 - 72.00, and 92.00 - 80.00."""
    shown = told(movement(serving, "H19", None, None, "records", "window"))
    assert shown[:3] == [
        "Đồng Nai (H19, 75), from SYNTHETIC records: these are nobody's figures, scored under portal_2025",
        "Before: 1 January 2025 to 5 July 2025",
        "After:  1 July 2025 to 30 November 2025",
    ]
    assert shown[-1].startswith("+20.00   72.00  92.00")
    summer = movement(serving, "H19", period_id("summer"), period_id("second half"), *YEAR)
    assert summer.facts["total_moved"] == 12


def test_the_first_days_of_a_year_are_compared_with_the_year_before_only_when_asked(
    serving: Path, told: Told
) -> None:
    """Two days of 2027 beside the whole of 2026 would be a fall of every metric: 30.00 - 80.00 is what was asked for."""
    of = "records", "year_to_date"
    why = "nothing to compare Year 2027, up to 2 January 2027 of Đồng Nai .* with: no earlier figures of this kind"
    with pytest.raises(NotDoneError, match=why) as refused:
        movement(serving, "H19", None, None, *of)
    assert refused.value.code == 1
    asked = movement(serving, "H19", "2026-12-31", None, *of)
    assert (asked.code, asked.facts["total_moved"]) == (0, -50)
    assert told(asked)[1:3] == ["Before: Year 2026", "After:  Year 2027, up to 2 January 2027"]


def test_without_counts_there_are_no_columns_of_them(serving: Path, told: Told) -> None:
    assert told(movement(serving, "Gia Lai", None, None, *YEAR))[5:7] == [
        "moved  before  after  group  part",
        "+0.50   60.00  60.50  B      Số hóa hồ sơ",
    ]


def test_a_unit_without_a_total_is_not_explained_and_says_why(serving: Path, told: Told) -> None:
    answer = movement(serving, "Hà Nội", None, None, *YEAR)
    assert answer.code == 1
    assert answer.facts["error"] == (
        "the change of Hà Nội (H26, 01) is not explained: no total in Year 2026, up to 10 October 2026:"
        " no figure for ONLINE"
    )
    assert told(answer)[3:] == [
        answer.facts["error"],
        "",
        "moved  before  after  group  part",
        "+1.25   10.00  11.25  B      Số hóa hồ sơ",
    ]


def test_what_is_not_compared_and_why(serving: Path) -> None:
    for earlier, later, why, code in (
        (
            period_id("former rules"),
            None,
            "not comparable: rules portal_2025 and portal_2026, expected two",
            1,
        ),
        (
            period_id("summer"),
            period_id("10 October"),
            "basis records and portal, rules .*, type of period window",
            1,
        ),
        ("2026-10-10", "2026-10-06", "expected the earlier first", 2),
        ("2026-10-10", None, "expected the earlier first", 2),
        (None, "2025-10-31", r"nothing to compare Year 2025, .* with: no earlier figures of this kind", 1),
        ("yesterday", None, "found no period 'yesterday' for Đồng Nai .* did you mean 2025-10-31 or", 2),
    ):
        with pytest.raises(NotDoneError, match=why) as refused:
            movement(serving, "H19", earlier, later, *YEAR)
        assert refused.value.code == code
