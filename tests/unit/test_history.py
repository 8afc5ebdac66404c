"""One unit day by day, on a serving file of a few rows: which unit is meant, what stands together, and what apart.

Belongs here: the words and the layout. Does not belong here: whether the figures are right.
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from orchestration.answers.answer import NotDoneError, as_json
from orchestration.answers.screen import printed
from orchestration.cli import main
from orchestration.history import GROUPS, history

#: regime, period type, first and last day of the period, day, total, rank, the portal's, change, no rank, no change.
_NOTHING = "nothing earlier"
DONG_NAI = (
    ("portal_2026", "year_to_date", "2026-01-01", "2026-12-31", "2026-09-17", 67.55, 2, None, None, None, _NOTHING),
    ("portal_2026", "year_to_date", "2026-01-01", "2026-12-31", "2026-09-25", 67.74, 2, 2, 0.19, None, None),
    ("portal_2026", "year_to_date", "2026-01-01", "2026-12-31", "2026-10-10", None, None, 2, None, "no figure for TTTT",
     "not ranked now"),
    ("portal_2026", "quarter", "2026-07-01", "2026-09-30", "2026-09-30", 61.00, 9, 9, None, None, _NOTHING),
    ("portal_2025", "year_to_date", "2025-01-01", "2025-12-31", "2025-10-31", 90.53, 2, 2, None, None, _NOTHING),
    ("portal_2025", "month", "2025-10-01", "2025-10-31", "2025-10-31", 89.77, 4, 4, None, None, _NOTHING),
)  # fmt: skip
#: unit_code, unit_level, province_code, agency_code, name_vi, valid_from.
KNOWN = (
    ("VN", "nation", None, None, "Cả nước", "2025-07-01"),
    ("75", "province", "75", "H19", "Đồng Nai", "2025-07-01"),
    ("75", "province", "75", "H19", "Đồng Nai", "2026-09-17"),
    ("82", "province", "82", "H20", "Đồng Tháp", "2025-07-01"),
    ("22", "province", "22", "H49", "Quảng Ninh", "2025-07-01"),
    ("79", "province", "79", "H29", "TP. Hồ Chí Minh", "2025-07-01"),
    ("52", "province", "52", "H21", "Gia Lai", "2025-07-01"),
    ("H21.17", "department", "52", "H21.17", "Sở Văn hóa, Thể thao và Du lịch", "2026-10-02"),
    ("21730", "commune", "52", "H21.206", "Xã Phù Mỹ", "2025-07-01"),
    ("26704", "commune", "79", None, "Phường Phú Mỹ", "2025-07-01"),
    ("23000", "commune", "52", None, "Xã Đak Pơ", "2025-07-01"),
    ("23001", "commune", "52", None, "Phường Đak Pơ", "2025-07-01"),
    ("23002", "commune", "52", None, "Xã Đồng Tháp", "2025-07-01"),
)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Groups of one unit on one day: 1 to 6 points in the portal's order, and a quarter more of a day later."""
    folder = tmp_path_factory.mktemp("serving")
    (folder / "parquet").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "create table ranking (basis varchar, unit_code varchar, agency_code varchar, name_vi varchar,"
            " regime varchar, period_type varchar, period_start date, period_end date, as_of date,"
            " total_score decimal(6, 2), rank integer, official_rank integer,"
            " score_change decimal(6, 2), rank_reason varchar, movement_reason varchar,"
            " rank_change integer, peers integer, period_status varchar,"
            " contains_synthetic boolean);"
            "create table mart_index (basis varchar, unit_code varchar, regime varchar, period_type varchar,"
            " period_start date, as_of date, group_code varchar, score decimal(6, 2));"
            "create table mart_portal_captures (regime varchar, period_type varchar, period_start date, as_of date,"
            " unit_level varchar, parent_unit_code varchar, times_seen_again integer, last_seen_at timestamp);"
            "create table dim_unit (unit_code varchar, unit_level varchar, province_code varchar, agency_code varchar,"
            " name_vi varchar, valid_from date)"
        )
        connection.executemany("insert into dim_unit values (?, ?, ?, ?, ?, ?)", KNOWN)
        connection.execute("create table mart_department_ranking as from ranking")
        connection.execute("create table mart_commune_ranking as from ranking")
        day = (
            "insert into {} values ('{}', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 34, 'provisional', {})"
        )
        for row in reversed(DONG_NAI):
            connection.execute(day.format("ranking", "portal", False), ["75", "H19", "Đồng Nai", *row])
        # From records, and of others: never beside it.
        connection.execute(
            day.format("ranking", "records", True),
            ["75", "H19", "Đồng Nai", *DONG_NAI[0][:5], 1, *DONG_NAI[0][6:]],
        )
        connection.execute(
            day.format("ranking", "portal", False),
            ["82", "H20", "Đồng Tháp", *DONG_NAI[1][:5], 2, *DONG_NAI[1][6:]],
        )
        department = ["H21.17", "H21.17", "Sở Văn hóa, Thể thao và Du lịch", *DONG_NAI[1]]
        connection.execute(day.format("mart_department_ranking", "portal", False), department)
        commune = ["21730", "H21.206", "Xã Phù Mỹ", *DONG_NAI[1]]
        connection.execute(day.format("mart_commune_ranking", "portal", True), commune)
        connection.execute("create table mart_province_ranking as from ranking; drop table ranking")
        for one in DONG_NAI[:2]:
            for points, group in enumerate((*GROUPS, "TOTAL"), 1):
                score = points + (0.25 if one[4] == "2026-09-25" else 0)
                connection.execute(
                    "insert into mart_index values ('portal', '75', ?, ?, ?, ?, ?, ?)",
                    [one[0], one[1], one[2], one[4], group, score],
                )
        # Those of 25 September were seen twice more; of a province's units nothing was.
        connection.execute(
            "insert into mart_portal_captures values"
            " ('portal_2026', 'year_to_date', '2026-01-01', '2026-09-25', 'province', 'VN', 2, '2026-09-27 06:46:55'),"
            " ('portal_2026', 'year_to_date', '2026-01-01', '2026-09-17', 'province', 'VN', 0, '2026-09-17 10:40:19'),"
            " ('portal_2026', 'year_to_date', '2026-01-01', '2026-09-17', 'commune', '75', 3, '2026-09-29 10:40:19')"
        )
        for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            connection.table(table).write_parquet(str(folder / "parquet" / f"{table}.parquet"))
    return folder


def told(serving: Path, word: str = "H19", period_type: str | None = None) -> str:
    return "\n".join(map(printed, history(serving, word, period_type).shown))


TOLD = """\
Đồng Nai (H19, 75), by the portal's figures

Year to date, scored under portal_2026; change against what the ranking of the day compares with

as of       period  total  CKMB  TDGQ  ONLINE  TTTT  MDSH  MDHL  rank  of  portal's rank  change  status       seen until
2026-09-17  2026    67.55  1.00  2.00    3.00  4.00  5.00  6.00     2  34              -          provisional
2026-09-25  2026    67.74  1.25  2.25    3.25  4.25  5.25  6.25     2  34              2   +0.19  provisional  2026-09-27
2026-10-10  2026        -     -     -       -     -     -     -     -  34              2          provisional
No rank on 2026-10-10: no figure for TTTT
No change on 2026-09-17: nothing earlier
No change on 2026-10-10: not ranked now

Quarter, scored under portal_2026; change against what the ranking of the day compares with

as of       period   total  CKMB  TDGQ  ONLINE  TTTT  MDSH  MDHL  rank  of  portal's rank  change  status       seen until
2026-09-30  2026-Q3  61.00     -     -       -     -     -     -     9  34              9          provisional
No change on 2026-09-30: nothing earlier

Year to date, scored under portal_2025; change against what the ranking of the day compares with

as of       period  total  CKMB  TDGQ  ONLINE  TTTT  MDSH  MDHL  rank  of  portal's rank  change  status       seen until
2025-10-31  2025    90.53     -     -       -     -     -     -     2  34              2          provisional
No change on 2025-10-31: nothing earlier

Month, scored under portal_2025; change against what the ranking of the day compares with

as of       period   total  CKMB  TDGQ  ONLINE  TTTT  MDSH  MDHL  rank  of  portal's rank  change  status       seen until
2025-10-31  2025-10  89.77     -     -       -     -     -     -     4  34              4          provisional
No change on 2025-10-31: nothing earlier

Figures under different rules (portal_2025, portal_2026) are not compared.
"""


def test_days_stand_together_by_rules_and_type_of_period_the_newest_rules_first(serving: Path) -> None:
    assert f"{told(serving)}\n" == TOLD


def test_one_type_of_period_alone(serving: Path) -> None:
    month = told(serving, period_type="month")
    assert "2025-10 " in month
    assert "Year to date" not in month
    assert "are not compared" not in month, "one set of rules alone"
    answer = history(serving, "H19", "year_to_date")
    assert [one["period_type"] for one in answer.facts["series"]] == ["year_to_date", "year_to_date"]
    with pytest.raises(
        NotDoneError, match=r"no figures of a quarter by the portal for Đồng Tháp \(H20, 82\)"
    ):
        history(serving, "H20", "quarter")


def test_scripts_are_given_the_same_days_as_numbers(serving: Path) -> None:
    facts = json.loads(as_json(history(serving, "H19").facts))
    assert (facts["unit"]["unit_code"], facts["unit"]["agency_code"]) == ("75", "H19")
    assert [(one["regime"], one["period_type"], len(one["days"])) for one in facts["series"]] == [
        ("portal_2026", "year_to_date", 3),
        ("portal_2026", "quarter", 1),
        ("portal_2025", "year_to_date", 1),
        ("portal_2025", "month", 1),
    ]
    second = facts["series"][0]["days"][1]
    assert [second[name] for name in ("as_of", "total_score", "TTTT", "rank", "score_change", "movement_reason")] == [
        "2026-09-25", 67.74, 4.25, 2, 0.19, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "called"),
    [
        ("H19", "Đồng Nai (H19, 75)"),
        (" h19 ", "Đồng Nai (H19, 75)"),
        ("75", "Đồng Nai (H19, 75)"),
        ("Đồng Nai", "Đồng Nai (H19, 75)"),
        ("đồng nai", "Đồng Nai (H19, 75)"),
        ("Dong  Nai", "Đồng Nai (H19, 75)"),
        ("UBND Thành phố Đồng Nai", "Đồng Nai (H19, 75)"),
        ("tinh dong nai", "Đồng Nai (H19, 75)"),
        ("TP. Đồng Nai", "Đồng Nai (H19, 75)"),
        ("H21.17", "Sở Văn hóa, Thể thao và Du lịch (H21.17)"),
        ("21730", "Xã Phù Mỹ (H21.206, 21730)"),
        # Without accents it may be either: the one that has figures. With them there is no doubt.
        ("phu my", "Xã Phù Mỹ (H21.206, 21730)"),
        # Of one name, the one in that province.
        ("xã phú mỹ, gia lai", "Xã Phù Mỹ (H21.206, 21730)"),
        # The province goes before the commune called like it.
        ("Dong Thap", "Đồng Tháp (H20, 82)"),
    ],
)
def test_a_unit_is_named_by_its_codes_or_as_people_type_it(serving: Path, word: str, called: str) -> None:
    assert told(serving, word).splitlines()[0].startswith(f"{called}, ")


def test_what_the_portal_is_said_to_have_published_and_is_made_up_says_so(serving: Path) -> None:
    """Real figures stand beside: of records that are synthetic nothing is said where none is shown."""
    assert told(serving, "H19").splitlines()[0] == "Đồng Nai (H19, 75), by the portal's figures"
    answer = history(serving, "21730")
    assert answer.shown[0] == (
        "Xã Phù Mỹ (H21.206, 21730), from SYNTHETIC files of the portal: these are nobody's figures"
    )
    assert [day["contains_synthetic"] for one in answer.facts["series"] for day in one["days"]] == [True]


def test_a_unit_without_figures_is_told_from_one_that_nobody_knows(serving: Path) -> None:
    with pytest.raises(NotDoneError, match=r"no figures by the portal for Phường Phú Mỹ \(26704\), expected"):
        history(serving, "phường phú mỹ")
    with pytest.raises(NotDoneError, match="for Phường Phú Mỹ"):
        history(serving, "Phu My, TP Ho Chi Minh")
    with pytest.raises(
        NotDoneError,
        match=r"2 units called 'dak po', .* by its code: Xã Đak Pơ, Gia Lai \(23000\); Phường Đak Pơ, Gia",
    ):
        history(serving, "dak po")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("Dong Nay", r"; did you mean Đồng Nai \(H19, 75\) or Đồng Tháp \(H20, 82\)\?$"),
        ("H21.71", r"; did you mean Sở Văn hóa, Thể thao và Du lịch \(H21.17\)"),
        ("zzzz", "or a name$"),
        ("", "or a name$"),
        ("VN", "or a name"),
    ],
)
def test_an_unknown_unit_is_answered_with_what_may_have_been_meant(
    serving: Path, word: str, hint: str
) -> None:
    with pytest.raises(
        NotDoneError, match=f"found no unit {word!r}, expected an agency code, a state code or a name"
    ):
        history(serving, word)
    with pytest.raises(NotDoneError, match=hint):
        history(serving, word)


def test_where_nothing_is_served_and_for_another_type_of_period_it_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(tmp_path))
    assert main(["history", "H19", "--json"]) == 1
    assert "nothing is served" in json.loads(capsys.readouterr().out)["error"]
    assert main(["history", "H19", "--period", "day"]) == 2
    assert "found 'day', expected one of year_to_date, quarter, month" in capsys.readouterr().err
