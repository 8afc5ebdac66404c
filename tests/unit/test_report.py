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
from orchestration.answers.figures import arrow
from orchestration.answers.screen import printed
from orchestration.report import FIRST, PROVINCES_WITH_UNITS, TOP, report

#: What the report reads of the three rankings.
RANKING_COLUMNS = (
    "rank integer, name_vi varchar, total_score decimal(6, 2), band varchar, rank_change integer,"
    " score_change decimal(6, 2), official_rank integer, unit_code varchar, province_code varchar,"
    " period_status varchar, peers integer, peers_expected integer, baseline varchar, regime varchar,"
    " period_type varchar, period_start date, period_end date, as_of date, basis varchar, contains_synthetic boolean"
)
RANKINGS = ("mart_province_ranking", "mart_department_ranking", "mart_commune_ranking")
YEAR = "'year_to_date', date '2026-01-01', date '2026-12-31', date '2026-10-10', 'portal', false"
FACTS = "'provisional', 3, 34, {baseline}, 'QD 766', " + YEAR
EARLIER = "'year_to_date of 2026-09-26'"

# Climbed nine, fallen two, unmoved, and one without a total.
FOUR = (
    "1, 'Gia Lai', 68.50, 'fair', 9, 2.25, 1, '52', '52'",
    "2, 'Bà Rịa - Vũng Tàu', 67.48, 'fair', -2, -0.31, 3, '77', '77'",
    "3, 'Huế', 9.00, 'weak', 0, 0.00, 2, '46', '46'",
    "null, 'Đồng Nai', null, null, null, null, null, '75', '75'",
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
    """A serving folder whose marts hold these rows, the same of an earlier day, and what `more` adds or takes away."""

    def make(
        ranking: tuple[str, ...] = FOUR,
        baseline: str = EARLIER,
        compared: tuple[str, ...] = COMPARED,
        more: str = "",
        why_not_moved: str = "null",
    ) -> Path:
        facts = FACTS.format(baseline=baseline)
        with duckdb.connect() as connection:
            connection.execute("create schema marts")
            for table in RANKINGS:
                connection.execute(f"create table marts.{table} ({RANKING_COLUMNS})")
            for row in reversed(ranking):
                connection.execute(f"insert into marts.mart_province_ranking values ({row}, {facts})")
            # A month of the same day, another basis, another year: rankings of their own.
            connection.execute(
                "insert into marts.mart_province_ranking select * replace ('month' as period_type, 'MONTH' as name_vi)"
                " from marts.mart_province_ranking union all select * replace ('records' as basis,"
                " 'RECORDS' as name_vi) from marts.mart_province_ranking union all select * replace"
                " (date '2026-09-26' as as_of, 'YESTERDAY' as name_vi) from marts.mart_province_ranking union all"
                " select * replace (date '2026-09-28' as as_of, 'LAST' as name_vi, date '2025-01-01' as period_start)"
                " from marts.mart_province_ranking"
            )
            connection.execute(
                "create table marts.mart_official_reconciliation (score_level varchar, unit_level varchar,"
                " metric_code varchar, status varchar, difference double, has_counts boolean, official_score double,"
                " as_of date, contains_synthetic boolean);"
                "create table marts.dim_unit (unit_code varchar, unit_level varchar, name_vi varchar, valid_from date,"
                " valid_to date)"
            )
            for row in compared:
                connection.execute(
                    f"insert into marts.mart_official_reconciliation values ({row}, date '2026-10-10', false)"
                )
            connection.execute(more)
            connection.execute("alter table marts.mart_province_ranking add column movement_reason varchar")
            connection.execute(f"update marts.mart_province_ranking set movement_reason = {why_not_moved}")
            (tmp_path / "parquet").mkdir()
            for table in (*RANKINGS, "mart_official_reconciliation", "dim_unit"):
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
    head = told(make_serving()).splitlines()[:3]
    assert head == [
        "Provinces, year to date, as of 2026-10-10 (provisional, regime QD 766, 3 of 34 ranked)",
        "Movement against: year_to_date of 2026-09-26",
        "Course, places, points: since 2026-09-26, on the 2 days with figures; each line has its own scale",
    ]


def test_without_a_baseline_it_says_so(make_serving: MakeServing) -> None:
    assert "Movement against: nothing earlier" in told(make_serving(baseline="null"))


OTHER_RULES = "not comparable: scored by portal_2025 before"


def test_why_nobody_moved_is_said_beside_what_it_is_measured_against(make_serving: MakeServing) -> None:
    """True of all four; without it nobody knows why the columns of movement are blank."""
    head = told(make_serving(why_not_moved=f"'{OTHER_RULES}'")).splitlines()
    assert head[1] == f"Movement against: year_to_date of 2026-09-26; {OTHER_RULES}"


@pytest.mark.parametrize(
    ("baseline", "why", "line"),
    [
        ("null", "'no earlier figures of this kind'", "nothing earlier"),
        (EARLIER, "case when rank is null then 'not ranked now' end", "year_to_date of 2026-09-26"),
        (EARLIER, "'not ranked ' || coalesce(rank, 0)", "year_to_date of 2026-09-26"),
    ],
    ids=["nothing earlier says it", "of one only", "of each another"],
)
def test_what_is_not_true_of_all_is_not_said_of_all(
    make_serving: MakeServing, baseline: str, why: str, line: str
) -> None:
    head = told(make_serving(baseline=baseline, why_not_moved=why)).splitlines()
    assert head[1] == f"Movement against: {line}"


def test_the_ranking_stands_in_straight_columns_whatever_the_letters(make_serving: MakeServing) -> None:
    assert lines(told(make_serving()), "rank") == [
        "rank  moved  province           score  change  band  portal's rank  course  places  points",
        "   1  ▲ 9    Gia Lai            68.50   +2.25  fair              1  ▁▁      =        +0.00",
        "   2  ▼ 2    Bà Rịa - Vũng Tàu  67.48   -0.31  fair              3  ▁▁      =        +0.00",
        "   3  =      Huế                 9.00   +0.00  weak              2  ▁▁      =        +0.00",
        "   -         Đồng Nai               -                            -",
    ]


def test_letters_put_together_from_several_signs_take_one_place(make_serving: MakeServing) -> None:
    """Some systems send `ồ` as `o` with two marks: it looks the same, and is three characters."""
    scored = FOUR[:3]  # the line of the fourth ends where it has no more to say
    apart = tuple(unicodedata.normalize("NFD", row) for row in scored)
    assert apart != scored
    shown = lines(told(make_serving(apart)), "rank")
    seen = [sum(not unicodedata.combining(sign) for sign in line) for line in shown]
    assert len(set(seen)) == 1


def test_only_the_top_is_shown_and_the_rest_is_counted(make_serving: MakeServing) -> None:
    rows = tuple(
        f"{rank}, 'Tỉnh {rank:02}', {70 - rank}, 'fair', null, null, {rank}, '{rank:02}', '{rank:02}'"
        for rank in range(1, TOP + 4)
    )
    text = told(make_serving(rows))
    assert [line.split()[0] for line in lines(text, "rank")[1 : TOP + 1]] == [
        str(n) for n in range(1, TOP + 1)
    ]
    assert "... and 3 more" in text
    assert "Tỉnh 11" not in text


# How provinces moved.

_BEFORE = (
    "insert into marts.mart_province_ranking select rank, name_vi, total, 'fair', null, null, rank, unit_code, unit_code,"
    " 'provisional', peers, 34, null, regime, 'year_to_date', '2026-01-01', '2026-12-31', as_of::date, 'portal',"
    " false from (values {rows}) as v (as_of, unit_code, name_vi, rank, total, peers, regime)"
)
THREE = (
    "1, 'A', 63.50, 'fair', null, null, 1, '01', '01'",
    "2, 'B', 61.93, 'fair', null, null, 2, '02', '02'",
    "3, 'C', 50.40, 'fair', null, null, 3, '03', '03'",
)


def courses(serving: Path) -> list[str]:
    """The end of each line of the ranking, from the course on."""
    shown = lines(told(serving), "rank")
    start = shown[0].index("course")
    return [line[start:] for line in shown[1:]]


def before(*rows: str) -> str:
    # The earlier day that every serving folder of these tests has is not wanted here.
    return "delete from marts.mart_province_ranking where as_of < '2026-10-10'; " + _BEFORE.format(
        rows=", ".join(f"({row})" for row in rows)
    )


def test_a_course_begins_with_the_last_figures_that_are_three_weeks_old(make_serving: MakeServing) -> None:
    """Three weeks before 10 October is 19 September: 17 September is the last day by then, and 10 September too old;
    a day under other rules is left out. A's range is 3.50: 0.50 of it is one step of seven. B moved by 0.07 of the least
    height, a point: half a step, which is none. C has no total on 30 September, and 0.40 of a point is 2.8 steps.
    """
    serving = make_serving(
        THREE,
        more=before(
            "'2026-09-10', '01', 'A', 2, 40.00, 3, 'QD 766'",
            "'2026-09-17', '01', 'A', 2, 60.00, 3, 'QD 766'",
            "'2026-09-17', '02', 'B', 1, 62.00, 3, 'QD 766'",
            "'2026-09-17', '03', 'C', 3, 50.00, 3, 'QD 766'",
            "'2026-09-30', '01', 'A', 2, 60.50, 2, 'QD 766'",
            "'2026-09-30', '02', 'B', 1, 62.00, 2, 'QD 766'",
            "'2026-09-30', '03', 'C', null, null, 2, 'QD 766'",
            "'2026-10-05', '01', 'A', 1, 90.00, 3, 'others'",
        ),
    )
    assert "since 2026-09-17, on the 3 days with figures" in told(serving)
    assert courses(serving) == [
        "▁▂█     ▲ 1      +3.50",
        "▁▁▁     ▼ 1      -0.07",
        "▁ ▄     =        +0.40",
    ]


def test_places_among_other_peers_are_not_compared(make_serving: MakeServing) -> None:
    """Two were ranked then, three are now: points are a unit's own, places are not."""
    serving = make_serving(
        THREE,
        more=before(
            "'2026-09-17', '01', 'A', 2, 60.00, 2, 'QD 766'",
            "'2026-09-17', '02', 'B', 1, 62.00, 2, 'QD 766'",
            "'2026-09-17', '03', 'C', null, null, 2, 'QD 766'",
        ),
    )
    assert courses(serving) == ["▁█               +3.50", "▁▁               -0.07", " ▁"]


def test_one_day_alone_has_no_course(make_serving: MakeServing) -> None:
    text = told(
        make_serving(THREE, more="delete from marts.mart_province_ranking where as_of < '2026-10-10'")
    )
    assert "ourse" not in text
    assert lines(text, "rank")[0].endswith("portal's rank")


# What stands beside.


def listed(table: str, province: str, units: int, day: str = "2026-10-10") -> str:
    """Units ranked by number, the first with 99 points."""
    return (
        f"insert into marts.{table} select n, 'Unit ' || n, 100 - n, 'fair', null, null, n, '{province}.' || n,"
        f" '{province}', 'provisional', {units}, {units + 1}, null, 'QD 766', 'year_to_date', '2026-01-01', '2026-12-31',"
        f" date '{day}', 'portal', false from range(1, {units + 1}) as numbers (n); "
    )


UNITS = (
    "insert into marts.dim_unit values ('52', 'province', 'Gia Lai', '2025-07-01', '2026-10-09'),"
    " ('52', 'province', 'Pleiku', '2026-10-10', null); "
)


def test_of_the_units_of_a_province_the_first_and_the_last_are_shown(make_serving: MakeServing) -> None:
    """5 departments and 135 communes; those of an earlier day do not show, and the province has the name of the day."""
    more = UNITS + listed("mart_department_ranking", "52", 5) + listed("mart_commune_ranking", "52", 135)
    more += listed("mart_commune_ranking", "52", 2, day="2026-10-02")
    text = told(make_serving(more=more))
    title = "year to date, as of 2026-10-10"
    assert f"Pleiku, departments, {title}: 5 of 6 ranked; the first and the last" in text
    assert lines(text, "rank  portal's") == [
        "rank  portal's rank  score  unit",
        "   1              1  99.00  Unit 1",
        "   2              2  98.00  Unit 2",
        "   3              3  97.00  Unit 3",
        "   5              5  95.00  Unit 5",
    ]
    rest = text[text.index("Pleiku, communes") :]
    assert rest.startswith(f"Pleiku, communes, {title}: 135 of 136 ranked")
    assert [line.split()[0] for line in lines(rest, "rank")[1:]] == ["1", "2", "3", "135"]
    assert "2026-10-02" not in text
    assert "more provinces" not in text


def test_units_of_many_provinces_are_counted(make_serving: MakeServing) -> None:
    codes = [f"{number:02}" for number in range(1, FIRST + 3)]
    more = "".join(
        f"insert into marts.dim_unit values ('{code}', 'province', 'P{code}', '2025-07-01', null); "
        + listed("mart_commune_ranking", code, 1)
        for code in codes
    )
    text = told(make_serving(more=more))
    assert text.count(", communes, year to date") == PROVINCES_WITH_UNITS
    assert f"... and the units of {len(codes) - PROVINCES_WITH_UNITS} more provinces" in text


def test_a_ranking_under_former_rules_stands_apart(make_serving: MakeServing) -> None:
    """Its last day, and the first three of it."""
    rows = [
        f"'{day}', '0{rank}', 'P{rank}', {rank}, {91 - rank}, 34, 'before'"
        for day in ("2025-10-30", "2025-10-31")
        for rank in range(1, 5)
    ]
    text = told(make_serving(more=before(*rows)))
    assert "Provinces, year to date, as of 2025-10-31 (provisional, regime before, 34 of 34 ranked)" in text
    assert "Scored under the rules of before: not comparable with figures under QD 766" in text
    assert lines(text, "rank  province") == [
        "rank  province  score  band  portal's rank",
        "   1  P1        90.00  fair              1",
        "   2  P2        89.00  fair              2",
        "   3  P3        88.00  fair              3",
    ]
    assert "2025-10-30" not in text


def test_figures_of_the_portal_that_are_made_up_say_so_in_each_table(make_serving: MakeServing) -> None:
    """Records are of another table; what is real carries no mark."""
    mark = ", from SYNTHETIC files of the portal: these are nobody's figures"
    made_up = "; ".join(
        f"update marts.{table} set contains_synthetic = {which}"
        for table, which in (
            *((one, "basis = 'portal'") for one in RANKINGS),
            ("mart_official_reconciliation", "true"),
        )
    )
    lists = UNITS + listed("mart_department_ranking", "52", 5) + listed("mart_commune_ranking", "52", 5)
    former = before("'2025-10-31', '01', 'P1', 1, 90, 34, 'before'")
    serving = make_serving(more=f"{lists}{former}; {made_up}")
    heads = [line for line in told(serving).splitlines() if " ranked" in line or line.startswith("Against")]
    assert [line.endswith(mark) for line in heads] == [True] * 5
    facts = report(serving).facts
    assert (facts["ranking"]["contains_synthetic"], facts["reconciliation"]["contains_synthetic"]) == (
        True,
        True,
    )


def test_real_figures_of_the_portal_are_not_marked_for_synthetic_records(make_serving: MakeServing) -> None:
    serving = make_serving(
        more="update marts.mart_province_ranking set contains_synthetic = true where basis = 'records'"
    )
    assert "SYNTHETIC" not in told(serving)
    assert report(serving).facts["ranking"]["contains_synthetic"] is False


def test_counts_are_those_of_the_newest_day_that_has_any(make_serving: MakeServing) -> None:
    row = "'metric', 'province', 'M1', 'match', 0, {}, 1.0, date '{}', false"
    more = "insert into marts.mart_official_reconciliation values " + ", ".join(
        f"({row.format(*of)})" for of in (("true", "2026-10-08"), ("false", "2026-10-11"))
    )
    assert "1 of 2 province scores with counts match, as of 2026-10-10" in told(make_serving(more=more))


def test_nothing_more_is_announced_where_all_are_shown(make_serving: MakeServing) -> None:
    assert "more" not in told(make_serving())


def test_another_day_period_type_or_basis_does_not_show(make_serving: MakeServing) -> None:
    printed = told(make_serving())
    assert not {"YESTERDAY", "MONTH", "RECORDS", "LAST"} & set(printed.split())


def test_the_reconciliation_is_counted_by_level_in_a_fixed_order(make_serving: MakeServing) -> None:
    text = told(make_serving())
    assert (
        "Against the portal's own scores: 1 of 2 province scores with counts match, as of 2026-10-10" in text
    )
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
    row = "null, 'Đồng Nai', null, null, null, null, null, '75', '75'"
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
        "score_change": -0.31, "official_rank": 3, "course": [67.48, 67.48], "course_places": 0, "course_points": 0,
        "movement_reason": None,
    }  # fmt: skip
    assert facts["ranking"]["course_days"] == ["2026-09-26", "2026-10-10"]
    assert facts["ranking"]["provinces"][3]["total_score"] is None
    assert (facts["reconciliation"]["matched"], facts["reconciliation"]["compared"]) == (1, 2)
    assert [level["largest"] for level in facts["reconciliation"]["levels"]] == [0.5, 0.001, None, 0.02]
