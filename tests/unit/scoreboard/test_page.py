"""The page as a file: what is inlined, what it is drawn from, and when it is not drawn.

Belongs here: what can be told without a browser. What a browser shows of it: `test_in_a_browser.py`.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration.publishing.marts import PublishError
from orchestration.publishing.pages.texts import IncompleteTextsError, read_texts
from orchestration.publishing.scoreboard.page import TEMPLATES, TEXTS, ScoreboardError, draw
from tests.unit.scoreboard.conftest import REAL

MakeRelease = Callable[..., Path]


def block(page: str, name: str) -> Any:
    found = re.search(rf'id="data-{name}">([^<]+)</script>', page)
    assert found, f"a block {name}"
    return json.loads(gzip.decompress(base64.b64decode(found[1])))


def test_the_page_holds_the_figures_of_the_marts(release: Path, reference: Path) -> None:
    first = block(draw(release, None, reference), "first")["tables"]
    ranking = first["ranking"]
    assert [*zip(ranking["p"], ranking["u"], ranking["total_score"], ranking["rank"], strict=True)] == [
        (0, "52", 67.1, 1), (0, "75", 66.97, 2), (0, "01", None, None),
        (1, "75", 70.48, 1), (1, "52", 66.23, 2), (1, "01", None, None),
        (2, "75", 92.19, 1), (2, "52", 0.0, 2), (2, "01", None, None),
    ]  # fmt: skip
    # As `mart_peer_medians` has them: the page computes none.
    medians = first["group_medians"]
    assert [*zip(medians["g"], medians["median"], medians["nation"], strict=True)][:2] == [
        ("CKMB", 12.0, 12.34),
        ("ONLINE", 4.75, None),
    ]
    assert first["periods"]["median"] == [67.04, 68.36, 46.1]


def test_a_metric_without_a_score_is_missing_and_one_of_nothing_is_zero(
    release: Path, reference: Path
) -> None:
    metrics = block(draw(release, None, reference), "first")["tables"]["metrics"]
    scores = {
        (u, m): score
        for p, u, m, score in zip(*(metrics[name] for name in ("p", "u", "m", "score")), strict=True)
        if p == 1
    }
    assert scores["75", "PUBLISH_ON_TIME"] == 0
    assert scores["52", "PUBLISH_ON_TIME"] is None


def test_provinces_of_one_region_are_compared(release: Path, reference: Path) -> None:
    tables = block(draw(release, None, reference), "first")["tables"]
    groups, ranking = tables["groups"], tables["ranking"]
    similar = dict(zip(ranking["u"], ranking["similar"], strict=True))
    assert similar == {"75": ["52"], "52": ["75"], "01": None}
    found = {
        (u, g): median
        for p, u, g, median in zip(*(groups[name] for name in ("p", "u", "g", "similar_median")), strict=True)
        if p == 1
    }
    # In the south the mart has 13.51; ONLINE of the north, where nobody has a score, is missing.
    assert found == {
        ("75", "CKMB"): 13.51, ("52", "CKMB"): 13.51, ("01", "CKMB"): 10.0,
        ("75", "ONLINE"): 4.75, ("52", "ONLINE"): 4.75, ("01", "ONLINE"): None,
    }  # fmt: skip


def test_what_changed_is_told_against_the_release_before(
    release: Path, before: Path, reference: Path
) -> None:
    tables = block(draw(release, before, reference), "first")["tables"]
    changed = tables["changes"]
    assert [
        *zip(
            changed["u"],
            changed["score_before"],
            changed["score_now"],
            changed["score_difference"],
            strict=True,
        )
    ] == [("52", 65.0, 66.23, 1.23)]
    assert [*zip(tables["new_periods"]["kind"], tables["new_periods"]["basis"], strict=True)] == [
        ("new", "records")
    ]


def test_without_the_release_before_nothing_is_said_to_have_changed(release: Path, reference: Path) -> None:
    first = block(draw(release, release.with_name("gone"), reference), "first")
    assert "changes" not in first["tables"]
    assert first["facts"]["previous"] is None


def test_each_period_says_whether_it_is_synthetic_and_the_release_of_which_bases(
    release: Path, training: Path, reference: Path
) -> None:
    """Of the manifest, which says it of all inputs together, one basis would be marked for what the other holds."""
    for made, bases, marks in (
        (release, ["records"], [False, False, True]),
        (training, ["portal"], [True, True, False]),
    ):
        first = block(draw(made, None, reference), "first")
        assert first["facts"]["synthetic"] == bases
        assert first["tables"]["periods"]["contains_synthetic"] == marks


def test_quality_of_real_and_of_synthetic_records_is_told_apart_where_no_period_is_synthetic(
    make_release: MakeRelease, reference: Path
) -> None:
    """Records that no period is scored of have a quality all the same, and it is nobody's."""
    made = make_release(
        "20260101T000000Z-unscored", *REAL, "update marts.mart_source_quality set contains_synthetic = true"
    )
    assert block(draw(made, None, reference), "first")["facts"]["synthetic"] == ["records"]


def test_what_changed_is_synthetic_where_either_figure_is(make_release: MakeRelease, reference: Path) -> None:
    """The figures of a training are replaced by real ones: what stands beside them was nobody's."""
    real = make_release("20260102T000000Z-real", *REAL)
    trained = make_release(
        "20260101T000000Z-trained",
        "update marts.mart_province_ranking set contains_synthetic = as_of = '2026-10-10'",
        "update marts.mart_province_ranking set total_score = 65.00 where unit_code = '52' and basis = 'portal'",
        "update marts.mart_province_ranking set as_of = '2025-11-29', contains_synthetic = true where basis = 'records'",
    )
    first = block(draw(real, trained, reference), "first")
    changed, periods = first["tables"]["changes"], first["tables"]["new_periods"]
    assert first["facts"]["synthetic"] == []
    assert [*zip(changed["p"], changed["contains_synthetic"], strict=True)] == [(0, False), (1, True)]
    assert [*zip(periods["kind"], periods["as_of"], periods["contains_synthetic"], strict=True)] == [
        ("gone", "2025-11-29", True),
        ("new", "2025-11-30", False),
    ]


def test_a_release_before_that_does_not_say_what_was_synthetic_stops_nothing(
    make_release: MakeRelease, release: Path, reference: Path
) -> None:
    """Such releases are kept: the page of the next is drawn beside them."""
    old = make_release(
        "20260101T000000Z-old",
        "update marts.mart_province_ranking set total_score = 1 where unit_code = '75'",
        "alter table marts.mart_province_ranking drop contains_synthetic",
    )
    changed = block(draw(release, old, reference), "first")["tables"]["changes"]
    assert [*zip(changed["p"], changed["contains_synthetic"], strict=True)] == [
        (0, False),
        (1, False),
        (2, True),
    ]


def test_units_below_a_province_lie_in_a_block_of_their_own(release: Path, reference: Path) -> None:
    page = draw(release, None, reference)
    assert set(re.findall(r'id="data-units-(\w+)"', page)) == {"01", "52", "75"}
    names = block(page, "units-75")["name_vi"]
    assert [*dict.fromkeys(names)] == ["Sở Nội vụ", "Xã Đại Phước", "Xã <b>Long Thành</b>"]


def test_a_release_without_a_ranking_has_a_page_too(make_release: MakeRelease, reference: Path) -> None:
    empty = make_release("20260101T000000Z-empty", *(
        f"delete from marts.mart_{level}_ranking" for level in ("province", "department", "commune")
    ))  # fmt: skip
    assert block(draw(empty, None, reference), "first")["tables"]["periods"]["p"] == []


def test_the_same_release_gives_the_same_page(release: Path, before: Path, reference: Path) -> None:
    assert draw(release, before, reference) == draw(release, before, reference)


def test_a_mart_that_lacks_a_column_stops_the_release(make_release: MakeRelease, reference: Path) -> None:
    spoilt = make_release("20260101T000000Z-spoilt", "alter table marts.mart_province_ranking drop band")
    with pytest.raises(ScoreboardError, match=r"scoreboard of 20260101T000000Z-spoilt: .*band") as caught:
        draw(spoilt, None, reference)
    assert isinstance(caught.value, PublishError)


def test_nothing_on_the_page_is_loaded_from_elsewhere(release: Path, reference: Path) -> None:
    page = draw(release, None, reference)
    assert re.findall(r'(?:src|href)="(?!#|data:,")[^"]*"', page) == []
    assert re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket", page) == []
    assert "default-src 'none'" in page


def test_every_word_that_is_asked_for_is_there_in_both_languages_and_none_is_left_over() -> None:
    words = read_texts(TEXTS)
    users = [*sorted(TEMPLATES.iterdir()), TEMPLATES.with_name("workbooks.py")]
    sources = "".join(path.read_text(encoding="utf-8") for path in users)
    asked = {
        *re.findall(r'\b(?:say|sayIf|word)\("(\w+)"[,)]', sources),
        *re.findall(r'data-(?:text|label)="(\w+)"', sources),
        *re.findall(r"\{ texts\.(\w+)", sources),
    }
    assert sorted(asked - set(words["vi"])) == []
    # The others are put together from a beginning and a code, or named in a list.
    begun = set(re.findall(r"`(\w+_)\$\{", sources)) | {"column_", "view_"}
    left = [
        key
        for key in words["vi"]
        if key not in asked and not key.startswith(tuple(begun)) and f'"{key}"' not in sources
    ]
    assert left == []


def test_a_text_without_its_english_is_named(tmp_path: Path) -> None:
    path = tmp_path / "texts.yml"
    path.write_text("title: {vi: Bảng điểm}", encoding="utf-8")
    with pytest.raises(
        IncompleteTextsError, match=r"texts.yml: title: found .* expected words for vi and en"
    ):
        read_texts(path)


def test_each_province_has_one_tile_and_no_two_share_a_place(reference: Path) -> None:
    seed = (reference / "province_tiles.csv").read_text(encoding="utf-8")
    tiles = [line.split(",") for line in seed.splitlines()[1:]]
    provinces = (reference / "provinces.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert sorted(code for code, *_ in tiles) == sorted(line.split(",")[0] for line in provinces)
    assert len({(row, column) for _, row, column in tiles}) == 34
