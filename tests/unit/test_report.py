"""What a person reads after a run, on a serving file of a few rows.

Belongs here: the words and the layout. Does not belong here: whether the figures are right.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.answers.answer import as_json
from orchestration.answers.screen import printed
from orchestration.report import TOP, arrow, report

RANKING_COLUMNS = (
    "rank",
    "name_vi",
    "total_score",
    "band",
    "rank_change",
    "score_change",
    "previous_rank",
    "movement_reason",
    "official_rank",
    "period_status",
    "peers",
    "peers_expected",
    "baseline",
    "regime",
    "period_type",
    "as_of",
    "basis",
)
FACTS = "'provisional', 3, 34, {baseline}, 'QD 766', 'year_to_date', date '2026-10-10', 'portal'"
EARLIER = "'year_to_date of 2026-09-26'"

# Climbed nine, fallen two, unmoved, and one without a total.
FOUR = (
    "1, 'Gia Lai', 68.50, 'fair', 9, 2.25, 10, null, 1",
    "2, 'Bà Rịa - Vũng Tàu', 67.48, 'fair', -2, -0.31, 0, null, 3",
    "3, 'Huế', 9.00, 'weak', 0, 0.00, 3, null, 2",
    "null, 'Đồng Nai', null, null, null, null, null, 'no total', null",
)
COMPARED = (
    "'total', 'province', 'TOTAL', 'rounding', -0.02, false, 67.5",
    "'metric', 'commune', 'M1', 'match', 0.001, true, 1.0",
    "'metric', 'province', 'M1', 'match', -0.004, true, 1.0",
    "'metric', 'province', 'M2', 'differs', -0.5, true, 1.0",
    "'metric', 'province', 'M3', 'match', null, true, null",
    "'group', 'province', 'ONLINE', 'not_computable', null, false, 7.2",
)

MakeServing = Callable[..., Path]


@pytest.fixture
def make_serving(tmp_path: Path) -> MakeServing:
    """A serving folder whose two marts hold these rows, and rows of an earlier day that must not show."""

    def make(
        ranking: tuple[str, ...] = FOUR, baseline: str = EARLIER, compared: tuple[str, ...] = COMPARED
    ) -> Path:
        facts = FACTS.format(baseline=baseline)
        with duckdb.connect() as connection:
            connection.execute("create schema marts")
            connection.execute(
                "create table marts.mart_province_ranking (rank integer, name_vi varchar, total_score decimal(6, 2),"
                " band varchar, rank_change integer, score_change decimal(6, 2), previous_rank integer,"
                " movement_reason varchar, official_rank integer, period_status varchar, peers integer,"
                " peers_expected integer, baseline varchar, regime varchar, period_type varchar, as_of date,"
                " basis varchar)"
            )
            assert tuple(connection.table("marts.mart_province_ranking").columns) == RANKING_COLUMNS
            for row in reversed(ranking):
                connection.execute(f"insert into marts.mart_province_ranking values ({row}, {facts})")
            connection.execute(
                "insert into marts.mart_province_ranking select * replace (date '2026-09-26' as as_of,"
                " 'YESTERDAY' as name_vi) from marts.mart_province_ranking"
            )
            # A month of the same day, and another basis: rankings of their own.
            connection.execute(
                "insert into marts.mart_province_ranking select * replace ('month' as period_type, 'MONTH' as name_vi)"
                " from marts.mart_province_ranking union all select * replace ('records' as basis,"
                " 'RECORDS' as name_vi) from marts.mart_province_ranking"
            )
            connection.execute(
                "create table marts.mart_official_reconciliation (score_level varchar, unit_level varchar,"
                " metric_code varchar, status varchar, difference double, has_counts boolean, official_score double,"
                " as_of date)"
            )
            for row in compared:
                connection.execute(
                    f"insert into marts.mart_official_reconciliation values ({row}, date '2026-10-10')"
                )
            (tmp_path / "parquet").mkdir()
            for table in ("mart_province_ranking", "mart_official_reconciliation"):
                connection.table(f"marts.{table}").write_parquet(
                    str(tmp_path / "parquet" / f"{table}.parquet")
                )
        return tmp_path

    return make


def told(serving: Path) -> str:
    return "\n".join(map(printed, report(serving).shown))


def lines(text: str, first: str) -> list[str]:
    """The table whose header begins with a word, up to the next empty line."""
    found = text.splitlines()
    start = next(number for number, line in enumerate(found) if line.startswith(first))
    return [line for line in found[start : found.index("", start) if "" in found[start:] else None] if line]


@pytest.mark.parametrize(
    ("change", "shown"), [(9, "▲ 9"), (1, "▲ 1"), (0, "="), (-2, "▼ 2"), (-33, "▼ 33"), (None, "")]
)
def test_an_arrow_says_which_way_and_how_far(change: int | None, shown: str) -> None:
    assert arrow(change) == shown


def test_the_head_names_period_day_status_rules_and_baseline(make_serving: MakeServing) -> None:
    head = told(make_serving()).splitlines()[:2]
    assert head == [
        "Provinces, year to date, as of 2026-10-10 (provisional, regime QD 766, 3 of 34 ranked)",
        "Movement against: year_to_date of 2026-09-26",
    ]


def test_without_a_baseline_it_says_so(make_serving: MakeServing) -> None:
    assert "Movement against: nothing earlier" in told(make_serving(baseline="null"))


def test_the_ranking_stands_in_straight_columns_whatever_the_letters(make_serving: MakeServing) -> None:
    assert lines(told(make_serving()), "rank") == [
        "rank  moved  province           score  change  band  portal's rank",
        "   1  ▲ 9    Gia Lai            68.50   +2.25  fair              1",
        "   2  ▼ 2    Bà Rịa - Vũng Tàu  67.48   -0.31  fair              3",
        "   3  =      Huế                 9.00   +0.00  weak              2",
        "   -         Đồng Nai               -                            -",
    ]


def test_letters_put_together_from_several_signs_take_one_place(make_serving: MakeServing) -> None:
    """Some systems send `ồ` as `o` with two marks: it looks the same, and is three characters."""
    apart = tuple(unicodedata.normalize("NFD", row) for row in FOUR)
    assert apart != FOUR
    shown = lines(told(make_serving(apart)), "rank")
    seen = [sum(not unicodedata.combining(sign) for sign in line) for line in shown]
    assert len(set(seen)) == 1


def test_only_the_top_is_shown_and_the_rest_is_counted(make_serving: MakeServing) -> None:
    rows = tuple(
        f"{rank}, 'Tỉnh {rank:02}', {70 - rank}, 'fair', null, null, null, 'nothing earlier', {rank}"
        for rank in range(1, TOP + 4)
    )
    text = told(make_serving(rows))
    assert [line.split()[0] for line in lines(text, "rank")[1 : TOP + 1]] == [
        str(n) for n in range(1, TOP + 1)
    ]
    assert "... and 3 more" in text
    assert "Tỉnh 11" not in text


def test_nothing_more_is_announced_where_all_are_shown(make_serving: MakeServing) -> None:
    assert "more" not in told(make_serving())


def test_another_day_period_type_or_basis_does_not_show(make_serving: MakeServing) -> None:
    printed = told(make_serving())
    assert not {"YESTERDAY", "MONTH", "RECORDS"} & set(printed.split())


def test_the_reconciliation_is_counted_by_level_in_a_fixed_order(make_serving: MakeServing) -> None:
    text = told(make_serving())
    assert "Against the portal's own scores: 1 of 2 province scores with counts match" in text
    assert lines(text, "scores") == [
        "scores  of        match  rounding  differ  not computable  largest difference",
        "metric  province      2         0       1               0              0.5000",
        "metric  commune       1         0       0               0              0.0010",
        "group   province      0         0       0               1",
        "total   province      0         1       0               0              0.0200",
    ]


def test_no_line_ends_in_blanks(make_serving: MakeServing) -> None:
    assert not [line for line in told(make_serving()).splitlines() if line != line.rstrip()]


def test_a_ranking_without_a_single_rank_is_still_laid_out(make_serving: MakeServing) -> None:
    row = "null, 'Đồng Nai', null, null, null, null, null, 'no total', null"
    shown = lines(told(make_serving((row,), baseline="null", compared=())), "rank")
    assert shown[1].split() == ["-", "Đồng", "Nai", "-", "-"]


def test_where_nothing_is_served_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error, match="nothing is served"):
        report(tmp_path)
    assert not list(tmp_path.iterdir())


def test_scripts_are_given_all_provinces_as_numbers(make_serving: MakeServing) -> None:
    facts = json.loads(as_json(report(make_serving()).facts))
    assert facts["ranking"]["as_of"] == "2026-10-10"
    assert facts["ranking"]["provinces"][1] == {
        "rank": 2, "name_vi": "Bà Rịa - Vũng Tàu", "total_score": 67.48, "band": "fair", "rank_change": -2,
        "score_change": -0.31, "official_rank": 3,
    }  # fmt: skip
    assert facts["ranking"]["provinces"][3]["total_score"] is None
    assert (facts["reconciliation"]["matched"], facts["reconciliation"]["compared"]) == (1, 2)
    assert [level["largest"] for level in facts["reconciliation"]["levels"]] == [0.5, 0.001, None, 0.02]
