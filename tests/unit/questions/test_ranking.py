"""`rank`: which ranking is meant, what stands in it, and what is said where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.answers.answer import Answer, NotDoneError, as_json
from orchestration.answers.figures import of_basis
from orchestration.ranking import ranking
from tests.unit.questions.small_marts import period_id

Told = Callable[[Answer], list[str]]


def asked(
    serving: Path,
    level: str | None = None,
    within: str | None = None,
    basis: str = "portal",
    kind: str = "year_to_date",
    period: str = "latest",
    top: int | None = None,
) -> Answer:
    return ranking(serving, level, within, basis, kind, period, top)


def test_the_latest_ranking_of_provinces_and_why_one_is_not_in_it(serving: Path, told: Told) -> None:
    assert told(asked(serving)) == [
        "Provinces, Year 2026, up to 10 October 2026 (provisional, regime portal_2026, 2 of 3 ranked),"
        " by the portal's figures",
        "Movement against: year_to_date from 2026-01-01 as of 2026-10-06",
        "",
        "rank  moved  unit      score  change  band     portal's rank  portal's score",
        "   1  ▲ 1    Đồng Nai  69.52   +1.52  average              1           69.53",
        "   2  ▼ 1    Gia Lai   69.00   +0.50  average              2           69.00",
        "   -         Hà Nội        -                               -               -",
        "No rank for Hà Nội: no figure for ONLINE",
        "No movement of Hà Nội: not ranked now",
    ]


def test_why_nobody_moved_is_said_once_beside_what_it_is_measured_against(serving: Path, told: Told) -> None:
    """December was scored by other rules: true of both, so that two columns are blank, and no line names units."""
    assert told(asked(serving, basis="records", kind="month")) == [
        "Provinces, January 2026 (provisional, regime portal_2026, 2 of 3 ranked), from records",
        "Movement against: month from 2025-12-01 as of 2025-12-31; not comparable: scored by portal_2025 before",
        "",
        "rank  moved  unit      score  change  band     portal's rank  portal's score",
        "   1         Đồng Nai  70.00          fair                 -               -",
        "   2         Gia Lai   65.00          average              -               -",
    ]


def test_people_see_as_many_as_they_ask_for_and_scripts_all(serving: Path, told: Told) -> None:
    shown = told(asked(serving, top=1))
    assert shown[4].split()[:4] == ["1", "▲", "1", "Đồng"]
    assert shown[5] == "... and 2 more (--top 3)"
    facts = json.loads(as_json(asked(serving).facts))
    assert [(unit["unit_code"], unit["rank"], unit["total_score"]) for unit in facts["units"]] == [
        ("75", 1, 69.52),
        ("52", 2, 69.0),
        ("01", None, None),
    ]
    assert (facts["period"]["period_id"], facts["period"]["contains_synthetic"]) == (
        period_id("10 October"),
        False,
    )
    assert len(asked(serving, top=1).facts["units"]) == 1


@pytest.mark.parametrize("within", ["52", "H21", "Gia Lai", "gia lai", "tỉnh Gia-Lai"])
def test_communes_of_a_province_however_it_is_called(serving: Path, told: Told, within: str) -> None:
    assert told(asked(serving, within=within))[:6] == [
        "Gia Lai, communes, Year 2026, up to 10 October 2026 (provisional, regime portal_2026, 2 of 3 ranked),"
        " by the portal's figures",
        "Movement against: nothing earlier",
        "",
        "rank  moved  unit           score  change  band  portal's rank  portal's score",
        "   1         Phường Pleiku  75.00          fair              -               -",
        "   2         Xã Tân Phú     70.00          fair              -               -",
    ]


def test_an_earlier_day_another_set_of_rules_and_synthetic_records(serving: Path, told: Told) -> None:
    assert told(asked(serving, period="2026-10-06"))[4].split()[:3] == ["1", "Gia", "Lai"]
    assert told(asked(serving, period=period_id("former rules")))[0].startswith(
        "Provinces, Year 2025, up to 31 "
    )
    # A period_id says basis and type itself.
    by_id = told(asked(serving, period=period_id("summer")))[0]
    assert by_id.endswith(
        "1 of 3 ranked), from SYNTHETIC records: these are nobody's figures".replace("1 of", "2 of")
    )
    assert told(asked(serving, basis="records", kind="window"))[0].startswith(
        "Provinces, 1 July 2025 to 30 November"
    )


@pytest.mark.parametrize(
    ("basis", "is_synthetic", "said"),
    [
        ("portal", False, "by the portal's figures"),
        ("portal", True, "from SYNTHETIC files of the portal: these are nobody's figures"),
        ("records", False, "from records"),
        ("records", True, "from SYNTHETIC records: these are nobody's figures"),
    ],
)
def test_either_basis_may_be_synthetic_and_is_called_by_its_name(
    basis: str, is_synthetic: bool, said: str
) -> None:
    """Who lands a file of the portal for a training has no records to look for."""
    assert of_basis(basis, is_synthetic) == said


def test_a_level_and_a_province_have_to_fit(serving: Path) -> None:
    for level, within, expected in (
        ("commune", None, "found --level commune alone, expected --within PROVINCE"),
        ("province", "H21", "found --level province --within H21, expected no --within"),
        (
            None,
            "Pleiku",
            r"'Pleiku', which is Phường Pleiku \(H21.101, 23575\), a commune, expected a province",
        ),
    ):
        with pytest.raises(NotDoneError, match=expected) as refused:
            asked(serving, level, within)
        assert refused.value.code == 2


def test_a_period_that_is_not_there_is_answered_with_those_that_are(serving: Path) -> None:
    with pytest.raises(
        NotDoneError, match=r"found no period '2026-10-11' .* did you mean 2026-10-10 or"
    ) as refused:
        asked(serving, period="2026-10-11")
    assert refused.value.code == 2
    with pytest.raises(
        NotDoneError, match="there are figures for --basis portal --period-type year_to_date"
    ) as refused:
        asked(serving, kind="month")
    assert refused.value.code == 1
    with pytest.raises(
        NotDoneError, match=r"no year to date on basis portal for departments of Đồng Nai .*served$"
    ):
        asked(serving, "department", "75")
