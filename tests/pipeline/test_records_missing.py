"""What was never delivered is not scored, and late is not final: one build a scene.

The scene is Dong Nai (H19, province 75) and the other 33 provinces, each with one dossier of July 2025, received on
the 14th and finished early. A delivery covers the days before it. July ends on the 31st: delivered on 1 August, it
is complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.records_lake import REPOSITORY, build, deliver_nothing, empty_lake, write

pytestmark = pytest.mark.slow

PROVINCES: list[tuple[str, str]] = duckdb.sql(
    f"select agency_code, province_code from read_csv('{REPOSITORY}/seeds/reference/provinces.csv', all_varchar = true)"
    " order by all"
).fetchall()
AGENCIES = [agency for agency, _ in PROVINCES]
AUGUST_1 = "2025-08-01"
JULY = "basis = 'records' and period_type = 'month' and period_start = '2025-07-01'"
WITHOUT_TESTS = ("--exclude-resource-type", "test")
LATE_JOINERS = "late_joiners_say_since_when_they_deliver_all"
#: What everybody needs besides dossiers, from everyone's collection: nothing of it is anybody's in July.
REGISTERS = ("petitions", "publication_decisions", "national_report_totals")


def dossier(agency: str, sender: str | None = None, day: str = AUGUST_1, **other: Any) -> dict[str, Any]:
    return {
        "dossier_code": f"{agency}-250714-0001",
        "procedure_code": "1.000001",
        "received_at": "2025-07-14 08:00:00",
        "due_at": "2025-07-18 17:00:00",
        "finished_at": "2025-07-17 09:00:00",
        "status_code": 9,
        "sender": sender or agency,
        "delivery_date": day,
        **other,
    }


def write_catalogues(data: Path) -> None:
    procedure = {"procedure_code": "1.000001", "execution_level": "commune", "sender": "nation"}
    write(data, "procedures", [procedure])
    province = {"agency_code": "H19", "unit_level": "province", "state_code": "75", "name_vi": "Đồng Nai"}
    department = {"agency_code": "H19.17", "unit_level": "department", "name_vi": "Sở Tư pháp"}
    units = [{"valid_from": "2025-07-01", "sender": "nation", **unit} for unit in (province, department)]
    write(data, "unit_catalogue", units)


def scene(
    data: Path,
    dossiers: Mapping[str, str],
    registers: Mapping[str, str] | None = None,
    late: Mapping[str, str] | None = None,
    flags: Sequence[str] = WITHOUT_TESTS,
) -> Path:
    """Who delivers a dossier on which day (agency -> date), each register from `nation` on a day, catalogues, and
    files without a row later on. Built; dbt's own tests are run on one of these scenes for all."""
    empty_lake(data)
    write(data, "dossiers", [dossier(agency, day=day) for agency, day in dossiers.items()])
    for source, day in (registers if registers is not None else dict.fromkeys(REGISTERS, AUGUST_1)).items():
        deliver_nothing(data, source, "nation", day)
    for sender, day in (late or {}).items():
        deliver_nothing(data, "dossiers", sender, day)
    write_catalogues(data)
    build(data, *flags)
    return data


def ask(data: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        return connection.execute(sql, list(values)).fetchall()


def groups_of(data: Path, unit: str = "75") -> dict[str, tuple[Any, Any]]:
    """Group -> score, reason; of July."""
    rows = ask(
        data,
        f"select group_code, score, score_reason from marts.mart_index where {JULY} and unit_code = ?",
        unit,
    )
    return {group: (score, reason) for group, score, reason in rows}


def ranked(data: Path, unit: str = "75") -> tuple[Any, ...]:
    (row,) = ask(
        data,
        "select rank, peers, period_status, rank_reason, incomplete_sources from marts.mart_province_ranking"
        f" where {JULY} and unit_code = ?",
        unit,
    )
    return row


# --- Never delivered -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dossiers of one province, and nothing else at all: no catalogue, no register."""
    data = tmp_path_factory.mktemp("alone")
    empty_lake(data)
    write(data, "dossiers", [dossier("H19")])
    write(
        data,
        "progress",
        [{"dossier_code": "H19-250714-0001", "status_code": 9, "acted_at": "2025-07-17 09:00:00"}],
    )
    build(data)
    return data


def test_dossiers_alone_give_no_total_and_no_rank(alone: Path) -> None:
    groups = groups_of(alone)
    assert groups.pop("TDGQ") == (20, None)  # one of one, early
    assert groups.pop("TOTAL") == (None, "no figure for CKMB, MDHL, MDSH, ONLINE, TTTT")
    assert groups == {
        "CKMB": (None, "not_delivered: national_report_totals, procedures, publication_decisions"),
        "ONLINE": (None, "not_delivered: national_report_totals, procedures"),
        "TTTT": (None, "not_delivered: procedures"),
        "MDSH": (None, "not_delivered: procedures, unit_catalogue"),
        "MDHL": (None, "not_delivered: petitions"),
    }
    assert ranked(alone)[:4] == (
        None,
        0,
        "provisional",
        "no figure for CKMB, MDHL, MDSH, ONLINE, TTTT"
        " (not_delivered: national_report_totals, petitions, procedures, publication_decisions, unit_catalogue)",
    )


def test_a_metric_without_its_sources_has_no_figure_of_any_kind(alone: Path) -> None:
    rows = ask(
        alone,
        "select metric_code, numerator, denominator, ratio, score, score_reason from marts.mart_indicator_scores"
        f" where {JULY} and unit_code = '75' and score_reason is not null order by metric_code",
    )
    assert {row[1:5] for row in rows} == {(None, None, None, None)}
    reasons = {row[0]: row[5] for row in rows}
    assert reasons["PETITION_PROCESSING_ON_TIME"] == "not_delivered: petitions"
    assert reasons["DOSSIER_PAID_ONLINE"] == "not_delivered: procedures"
    assert reasons["DOSSIER_SYNC"] == "not_delivered: national_report_totals"
    assert reasons["PUBLISH_ON_TIME"] == "not_delivered: publication_decisions"
    assert reasons["ELECTRONIC_CERTIFIED_COPY"] == "not_delivered: procedures, unit_catalogue"
    # What rests on dossiers alone has a figure.
    assert "ON_TIME_SETTLEMENT" not in reasons and "ORIGINAL_RESULT_AVAILABLE" not in reasons


def test_coverage_says_what_is_missing(alone: Path) -> None:
    rows = ask(
        alone,
        "select group_code, units_present, units_expected, missing_sources from marts.mart_coverage"
        f" where {JULY} and province_code = '75' and unit_level = 'province' order by group_code",
    )
    assert rows == [
        ("CKMB", 0, 1, "national_report_totals, procedures, publication_decisions"),
        ("MDHL", 0, 1, "petitions"),
        ("MDSH", 0, 1, "procedures, unit_catalogue"),
        ("ONLINE", 0, 1, "national_report_totals, procedures"),
        ("TDGQ", 1, 1, None),
        ("TTTT", 0, 1, "procedures"),
    ]
    # Without a catalogue no dossier leads to a commune: its zeros would be nobody's.
    assert ask(
        alone,
        "select distinct score, score_reason from marts.mart_indicator_scores"
        f" where {JULY} and unit_level = 'commune' and metric_code = 'ON_TIME_SETTLEMENT'",
    ) == [(None, "not_delivered: unit_catalogue")]
    # Of the others nothing came, dossiers included.
    assert ask(
        alone,
        "select distinct missing_sources from marts.mart_coverage"
        f" where {JULY} and province_code <> '75' and group_code = 'TDGQ'",
    ) == [("dossiers",)]


def test_nobody_is_told_what_a_missing_metric_lost(alone: Path) -> None:
    assert ask(
        alone,
        "select score, points_lost, more_for_full_mark, score_reason from marts.mart_score_gap"
        f" where {JULY} and unit_code = '75' and metric_code = 'PETITION_PROCESSING_ON_TIME'",
    ) == [(None, None, None, "not_delivered: petitions")]
    assert ask(
        alone,
        "select dossiers_received, early, overdue, no_deadline, online_ratio, paid_online_ratio, rank"
        f" from marts.mart_service_headline where {JULY} and unit_code = '75'",
    ) == [(1, 1, 0, 0, None, None, None)]


# --- Delivered, and empty --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """33 provinces delivered last on 10 July and one on the 30th; registers a day after the month."""
    days = {agency: "2025-07-30" if agency == "H19" else "2025-07-10" for agency in AGENCIES}
    return scene(tmp_path_factory.mktemp("late"), days, flags=())


def test_an_empty_file_of_petitions_earns_the_full_mark_and_an_absent_one_nothing(late: Path) -> None:
    groups = groups_of(late)
    assert groups["MDHL"] == (18, None)
    assert {reason for score, reason in groups.values()} == {None}
    assert ask(
        late,
        "select numerator, denominator, score from marts.mart_indicator_scores"
        f" where {JULY} and unit_code = '75' and metric_code = 'PETITION_PROCESSING_ON_TIME'",
    ) == [(0, 0, 6)]


def test_thirty_three_provinces_that_stopped_on_the_tenth_leave_the_month_provisional(late: Path) -> None:
    # As of 30 July the month is not even over; what is delivered until then is scored and ranked.
    assert ranked(late) == (1, 34, "provisional", None, "dossiers")


@pytest.mark.parametrize(
    ("days", "status", "awaited"),
    [
        # 33 complete, one a day short: nothing says that the last day's dossiers of H19 are there.
        ({"H19": "2025-07-31"}, "provisional", "dossiers"),
        # The day after is enough, and a late correction too.
        ({"H19": "2025-08-01"}, "final", None),
        ({"H19": "2025-09-15"}, "final", None),
    ],
)
def test_a_month_is_final_once_the_last_peer_delivered_beyond_its_end(
    tmp_path: Path, days: dict[str, str], status: str, awaited: str | None
) -> None:
    data = scene(tmp_path, {**dict.fromkeys(AGENCIES, AUGUST_1), **days})
    assert ranked(data) == (1, 34, status, None, awaited)
    # Departments are ranked among those of their province, whose peers alone matter.
    own = f"select distinct period_status, incomplete_sources from marts.mart_department_ranking where {JULY}"
    assert ask(data, f"{own} and province_code = '75'") == [(status, awaited)]


def test_an_empty_file_completes_a_month_and_a_refused_one_does_not(tmp_path: Path) -> None:
    days = {**dict.fromkeys(AGENCIES, AUGUST_1), "H19": "2025-07-20", "H26": "2025-07-20"}
    empty_lake(tmp_path)
    deliver_nothing(tmp_path, "dossiers", "H26", AUGUST_1, status="quarantined")
    data = scene(tmp_path, days, late={"H19": AUGUST_1})
    assert ranked(data) == (1, 34, "provisional", None, "dossiers")
    awaited = ask(
        data,
        "select province_code from marts.mart_coverage"
        f" where {JULY} and unit_level = 'province' and group_code = 'TDGQ' and incomplete_sources is not null",
    )
    assert awaited == [("01",)]  # Ha Noi, H26
    # Departments of Dong Nai have all they need; Ha Noi is not their peer.
    own = f"select distinct period_status from marts.mart_department_ranking where {JULY} and province_code = '75'"
    assert ask(data, own) == [("final",)]


def test_a_register_that_stopped_keeps_the_month_open_for_all(tmp_path: Path) -> None:
    registers = {**dict.fromkeys(REGISTERS, AUGUST_1), "petitions": "2025-07-31"}
    data = scene(tmp_path, dict.fromkeys(AGENCIES, AUGUST_1), registers)
    assert ranked(data) == (1, 34, "provisional", None, "petitions")


def test_petitions_delivered_before_the_period_are_none_of_it(tmp_path: Path) -> None:
    """On the first day of the period, what is delivered covers the day before."""
    registers = {**dict.fromkeys(REGISTERS, AUGUST_1), "petitions": "2025-07-01"}
    data = scene(tmp_path, dict.fromkeys(AGENCIES, AUGUST_1), registers)
    assert groups_of(data)["MDHL"] == (None, "not_delivered: petitions")
    assert groups_of(data)["TDGQ"] == (20, None)
    assert ranked(data)[:4] == (None, 0, "provisional", "no figure for MDHL (not_delivered: petitions)")


def test_who_delivers_what_is_told_by_the_folder(tmp_path: Path) -> None:
    """H19 by a department alone, H26 in the old form, H14 by a vendor together with H18, H35 by everyone's collection;
    H01 sends its petitions itself; H57 joins with a dossier of August."""
    empty_lake(tmp_path)
    write(
        tmp_path,
        "dossiers",
        [
            dossier("H19.17"),
            dossier("H26", sender="000.00.00.H26"),
            dossier("H14", sender="flat-vendor"),
            dossier("H18", sender="flat-vendor"),
            dossier("H35", sender="nation"),
            dossier("H01"),
            dossier(
                "H57", received_at="2025-08-02 08:00:00", finished_at=None, status_code=4, day="2025-08-03"
            ),
            # Somebody else's dossier in its own folder makes nobody's delivery of it.
            dossier("H12", sender="H01"),
        ],
    )
    deliver_nothing(tmp_path, "petitions", "H01", AUGUST_1)
    write_catalogues(tmp_path)
    build(tmp_path)
    names = dict(PROVINCES)
    scored = ask(
        tmp_path,
        "select unit_code, unit_level from marts.mart_indicator_scores"
        f" where {JULY} and metric_code = 'ON_TIME_SETTLEMENT' and denominator = 1",
    )
    assert sorted(scored) == sorted(
        [
            *((names[agency], "province") for agency in ("H26", "H14", "H18", "H35", "H01")),
            ("H19.17", "department"),
        ]
    )
    # The nation's are those of the provinces with figures.
    assert ask(
        tmp_path,
        f"select dossiers_received from marts.mart_service_headline where {JULY} and unit_code = 'VN'",
    ) == [(5,)]
    assert groups_of(tmp_path, names["H01"])["MDHL"] == (18, None)
    assert groups_of(tmp_path, names["H26"])["MDHL"] == (None, "not_delivered: petitions")
    assert (
        ranked(tmp_path, names["H57"])[3] == "nothing was delivered"
        or "dossiers" in ranked(tmp_path, names["H57"])[3]
    )


@pytest.mark.parametrize(
    ("complete_from", "july", "year", "nation"),
    [
        # H19 agreed to deliver all since August: what it had left over from July is no figure of July, nor of the year.
        ("2025-08-01", (None, None), (1, 1), 33),
        # It agreed to nothing: July is what came of it, none of one in time.
        (None, (0, 1), (1, 2), 34),
    ],
)
def test_a_province_that_joins_late_is_not_measured_by_what_it_had_left_over(
    tmp_path: Path, complete_from: str | None, july: object, year: object, nation: int
) -> None:
    """All deliver on 1 September, each a dossier of July that ended in time; H19 one of July, open and overdue, and one
    of August that ended in time."""
    left_over = dossier("H19", day="2025-09-01", finished_at=None, status_code=4)
    of_august = dossier(
        "H19", day="2025-09-01", dossier_code="H19-250804-0001", received_at="2025-08-04 08:00:00",
        due_at="2025-08-08 17:00:00", finished_at="2025-08-07 09:00:00",
    )  # fmt: skip
    others = [dossier(agency, day="2025-09-01") for agency in AGENCIES if agency != "H19"]
    empty_lake(tmp_path)
    write(tmp_path, "dossiers", [*others, left_over, of_august])
    for source in REGISTERS:
        deliver_nothing(tmp_path, source, "nation", "2025-09-01")
    write_catalogues(tmp_path)
    build(tmp_path, "--select", "dim_indicator", command="run")
    with duckdb.connect(str(tmp_path / "build" / "build.duckdb")) as connection:
        connection.execute("update reference.expected_deliveries set complete_from = null")
        connection.execute(
            "insert into reference.expected_deliveries (source, sender, every_days, valid_from, complete_from)"
            " values ('dossiers', 'H19', 1, '2025-08-01', ?)", [complete_from],
        )  # fmt: skip
    build(tmp_path, *WITHOUT_TESTS)

    def in_time(period: str, start: str) -> tuple[Any, Any]:
        (row,) = ask(
            tmp_path,
            "select numerator, denominator from marts.mart_indicator_scores where basis = 'records' and period_type = ?"
            " and period_start = ? and unit_code = '75' and metric_code = 'ON_TIME_SETTLEMENT'", period, start,
        )  # fmt: skip
        return row

    assert in_time("month", "2025-07-01") == july
    assert in_time("month", "2025-08-01") == (1, 1)
    assert in_time("year_to_date", "2025-01-01") == year
    assert ask(
        tmp_path,
        f"select dossiers_received from marts.mart_service_headline where {JULY} and unit_code = 'VN'",
    ) == [(nation,)]
    # Work that is left is left, whoever measures it.
    assert ask(tmp_path, "select open_dossiers, overdue from marts.mart_backlog where unit_code = '75'") == [
        (1, 1)
    ]
    # All began with what was two months old. Whose agreement says since when it is whole need not be asked.
    build(tmp_path, "--select", LATE_JOINERS, command="test")
    asked = [of for (of,) in ask(tmp_path, f"select province_code from test_failures.{LATE_JOINERS}")]
    assert (len(asked), "75" in asked) == ((33, False) if complete_from else (34, True))
