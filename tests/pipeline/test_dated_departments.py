"""A department is a unit from its first day to its last, as the unit catalogue has it: no other day's figure knows it.

One lake, built twice. Dong Nai has three departments, which receive two dossiers on the second of each month from July to
November 2025: One settles both in time, Two one of them, Three none, so that this is their order. What differs is the
catalogue. In the first all three are there and nothing ends. In the second, One ended on 15 September, Four began on 10
October, and Two got another name on 1 November. Four settles everything in time, too: it stands before Two.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.records_lake import Row, build, deliver_nothing, empty_lake, write
from tests.pipeline.test_records_definitions import dossier, scene

pytestmark = pytest.mark.slow

ONE, TWO, THREE, FOUR = "H19.17", "H19.18", "H19.19", "H19.20"
FORMER, LATTER = "Sở Hai", "Sở Hai và Ba"
MONTHS = ("07", "08", "09", "10", "11")
Rows = list[tuple[Any, ...]]


def department(agency_code: str, name_vi: str, valid_from: str, valid_to: str | None, delivered: str) -> Row:
    return {
        "agency_code": agency_code, "name_vi": name_vi, "unit_level": "department", "parent_agency_code": "H19",
        "valid_from": valid_from, "valid_to": valid_to, "delivery_date": delivered,
    }  # fmt: skip


#: What the first catalogue says, and the second, which says of One and Two that they ended, and what came after.
FIRST = [
    department(ONE, "Sở Một", "2025-07-01", None, "2025-07-01"),
    department(TWO, FORMER, "2025-07-01", None, "2025-07-01"),
    department(THREE, "Sở Ba", "2004-01-01", None, "2025-07-01"),
]
SECOND = [
    department(ONE, "Sở Một", "2025-07-01", "2025-09-15", "2025-11-20"),
    department(TWO, FORMER, "2025-07-01", "2025-10-31", "2025-11-20"),
    department(TWO, LATTER, "2025-11-01", None, "2025-11-20"),
    department(FOUR, "Sở Bốn", "2025-10-10", None, "2025-11-20"),
]


def received(unit: str, month: str, number: int, in_time: bool) -> Row:
    return dossier(
        unit,
        int(month) * 10 + number,
        received_at=f"2025-{month}-02 08:00:00",
        due_at=f"2025-{month}-06 17:00:00",
        finished_at=f"2025-{month}-{'05' if in_time else '20'} 09:00:00",
        delivery_date="2025-12-01",
    )


def dossiers() -> list[Row]:
    rows: list[Row] = []
    for month in MONTHS:
        # Four is received for from its first month on, after its first day. One leaves nothing after its last.
        if month < "10":
            rows += [received(ONE, month, number, in_time=True) for number in (1, 2)]
        else:
            rows += [
                {**received(FOUR, month, number, in_time=True), "received_at": f"2025-{month}-12 08:00:00",
                 "due_at": f"2025-{month}-18 17:00:00", "finished_at": f"2025-{month}-14 09:00:00"}
                for number in (1, 2)
            ]  # fmt: skip
        rows += [received(TWO, month, number, in_time=number == 1) for number in (1, 2)]
        rows += [received(THREE, month, number, in_time=False) for number in (1, 2)]
    # Left open, and overdue since.
    left = {
        "received_at": "2025-09-03 08:00:00",
        "due_at": "2025-10-20 17:00:00",
        "finished_at": None,
        "status_code": 4,
    }
    return [*rows, dossier(ONE, 99, **left, delivery_date="2025-12-01")]


def fill(data: Path, *catalogues: list[Row]) -> None:
    empty_lake(data)
    rows = scene()
    for dataset, of_dataset in rows.items():
        if dataset in ("procedures", "publication_decisions"):
            write(data, dataset, of_dataset)
    communes = [row for row in rows["unit_catalogue"] if row["unit_level"] == "commune"]
    write(data, "unit_catalogue", [{**row, "delivery_date": "2025-07-01"} for row in communes])
    for number, catalogue in enumerate(catalogues):
        write(data, "unit_catalogue", catalogue, batch=f"000000000000001{number}")
    write(data, "dossiers", dossiers())
    for register in ("petitions", "national_report_totals"):
        deliver_nothing(data, register, "H19", "2025-12-01")


def ask(data: Path, sql: str) -> Rows:
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("before") / "data"
    fill(data, FIRST)
    build(data, "--exclude-resource-type", "test")
    return data


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With all data tests of the project: no grain of any model breaks where a department ends, begins, is renamed."""
    data = tmp_path_factory.mktemp("after") / "data"
    fill(data, FIRST, SECOND)
    build(data)
    return data


def in_order(as_of: str) -> list[str]:
    """The departments of a day, the best first."""
    if as_of <= "2025-09-15":
        return [ONE, TWO, THREE]
    return [TWO, THREE] if as_of < "2025-10-10" else [FOUR, TWO, THREE]


def test_a_period_ranks_the_departments_of_its_last_day(after: Path) -> None:
    found = ask(
        after,
        "select period_type, period_start::varchar, as_of::varchar, list(unit_code order by rank), any_value(peers),"
        " any_value(peers_expected), bool_and(rank is not null) from marts.mart_department_ranking group by all"
        " order by all",
    )
    # September and its quarter end on the 30th, when One is gone: what it settled is its province's, and was ranked in
    # July and August. Four is ranked in October with the days that it has. The year is observed on 1 December.
    periods = {(kind, start): as_of for kind, start, as_of, *_ in found}
    assert {
        ("month", "2025-07-01"): "2025-07-31", ("month", "2025-09-01"): "2025-09-30",
        ("month", "2025-10-01"): "2025-10-31", ("quarter", "2025-07-01"): "2025-09-30",
        ("year_to_date", "2025-01-01"): "2025-12-01",
    }.items() <= periods.items()  # fmt: skip
    for kind, start, as_of, units, peers, expected, all_ranked in found:
        there = in_order(as_of)
        assert (units, peers, expected, all_ranked) == (there, len(there), len(there), True), (
            kind,
            start,
            as_of,
        )


def test_what_ended_or_began_later_changes_no_period_before(before: Path, after: Path) -> None:
    tables = [
        table
        for (table,) in ask(
            after,
            "select distinct table_name from information_schema.columns where table_schema = 'marts'"
            " and column_name = 'as_of' order by all",
        )
    ]
    until_then = "select * from marts.{} where as_of <= date '2025-08-31' order by all"
    rows = {table: ask(after, until_then.format(table)) for table in tables}
    assert [table for table in tables if rows[table] != ask(before, until_then.format(table))] == []
    assert {"mart_department_ranking", "mart_indicator_scores", "mart_coverage", "mart_peer_medians"} <= {
        table for table in tables if rows[table]
    }


def test_the_province_and_the_nation_count_what_a_department_did_until_it_ended(
    before: Path, after: Path
) -> None:
    for table in ("mart_index", "mart_indicator_scores", "mart_service_headline"):
        others = f"select * from marts.{table} where unit_level in ('nation', 'province') order by all"
        assert ask(before, others) == ask(after, others), table
    # Of Dong Nai in September: two of each of three, and the one that is open.
    received_then = (
        "select unit_code, dossiers_received from marts.mart_service_headline where basis = 'records'"
        " and period_type = 'month' and period_start = date '2025-09-01' and unit_level in ('province', 'department')"
        " and dossiers_received is not null order by all"
    )
    assert ask(after, received_then) == [("75", 7), (TWO, 2), (THREE, 2)]


def test_coverage_expects_the_departments_of_the_day(after: Path) -> None:
    expected = ask(
        after,
        "select distinct as_of::varchar, units_expected, units_present from marts.mart_coverage"
        " where basis = 'records' and unit_level = 'department' and province_code = '75'",
    )
    assert expected
    for as_of, units_expected, units_present in expected:
        assert units_expected == units_present == len(in_order(as_of)), as_of


def test_a_dossier_that_a_department_left_open_is_its_own(after: Path) -> None:
    overdue = "select unit_code, name_vi, unit_type, as_of::varchar from marts.mart_overdue_dossiers"
    assert ask(after, overdue) == [(ONE, "Sở Một", "department", "2025-12-01")]
    assert ask(after, f"select open_dossiers, overdue from marts.mart_backlog where unit_code = '{ONE}'") == [
        (1, 1)
    ]


def test_a_department_is_called_what_it_was_called_then(after: Path) -> None:
    names = ask(
        after,
        f"select distinct as_of::varchar, name_vi from marts.mart_department_ranking where unit_code = '{TWO}'",
    )
    assert {name for _, name in names} == {FORMER, LATTER}
    assert [row for row in names if row[1] != (FORMER if row[0] <= "2025-10-31" else LATTER)] == []


def test_dim_unit_has_the_days_of_departments(after: Path) -> None:
    found = ask(
        after,
        "select unit_code, valid_from::varchar, valid_to::varchar, name_vi, valid_from_certainty from marts.dim_unit"
        " where unit_level = 'department' order by all",
    )
    # Three is older than two-level government, before which no unit of today is listed.
    assert found == [
        (ONE, "2025-07-01", "2025-09-15", "Sở Một", "catalogued"),
        (TWO, "2025-07-01", "2025-10-31", FORMER, "catalogued"),
        (TWO, "2025-11-01", None, LATTER, "catalogued"),
        (THREE, "2025-07-01", None, "Sở Ba", "catalogued"),
        (FOUR, "2025-10-10", None, "Sở Bốn", "catalogued"),
    ]
