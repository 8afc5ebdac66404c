"""Closed months on small marts made by hand: frozen once, compared for ever, revised only on purpose."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.commands import os_user
from orchestration.publishing.closed_months import close_month, revisions
from orchestration.publishing.freezing import frozen_tables
from orchestration.publishing.marts import PublishError, open_marts
from orchestration.publishing.release import Provenance, Release, publish
from orchestration.settings import REPOSITORY
from orchestration.sql_text import literal

DBT_MANIFEST = REPOSITORY / "dbt_project" / "target" / "manifest.json"
OCTOBER = date(2025, 10, 1)
#: 2 November 2025, 04:00 in Vietnam.
SECOND = datetime(2025, 11, 1, 21, 0, tzinfo=UTC)
GATES = ({"suite": "s", "success": True, "checks": 1},)
KEYS = "'records' as basis, 'portal_2025' as regime"


def marts(
    score: float, rank: int, dossiers: int, peers: int = 34, november: int = 5
) -> dict[str, str | None]:
    """Đồng Nai in October and November: a ranking, a headline, and a dimension that is not frozen."""
    periods = (
        f"(values (date '2025-10-01', date '2025-10-31', date '2025-10-31', {score}, {rank}, {dossiers}),"
        f" (date '2025-11-01', date '2025-11-30', date '2025-11-0{november}', 70.0, 9, 12))"
        " as t(period_start, period_end, as_of, score, place, dossiers)"
    )
    when = f"{KEYS}, 'month' as period_type, period_start, period_end, as_of, '75' as unit_code, 'Đồng Nai' as name_vi"
    status = f"if(as_of < period_end or {peers} < 34, 'provisional', 'final') as period_status"
    return {
        "mart_index": None,
        "mart_province_ranking": f"select {when}, {status}, score::decimal(6, 2) as total_score, place as rank,"
        f" {peers} as peers, 34 as peers_expected, null::varchar as incomplete_sources from {periods}",
        "mart_service_headline": f"select {when}, dossiers as dossiers_received from {periods}",
    }


def observed(basis: str, *days: tuple[str, float, int, int]) -> dict[str, str | None]:
    """October of Đồng Nai as each of the days showed it: day, points, place, dossiers."""
    rows = ", ".join(f"(date '{day}', {score}, {place}, {dossiers})" for day, score, place, dossiers in days)
    when = (
        f"select '{basis}' as basis, 'portal_2025' as regime, 'month' as period_type, date '2025-10-01' as period_start,"
        " date '2025-10-31' as period_end, as_of, '75' as unit_code, 'Đồng Nai' as name_vi"
    )
    status = (
        "if(as_of < period_end, 'provisional', 'final') as period_status, 34 as peers, 34 as peers_expected"
    )
    source = f"from (values {rows}) as t(as_of, score, place, dossiers)"
    return {
        "mart_index": None,
        "mart_province_ranking": f"{when}, {status}, score::decimal(6, 2) as total_score, place as rank,"
        f" null::varchar as incomplete_sources {source}",
        "mart_service_headline": f"{when}, dossiers as dossiers_received {source}",
    }


#: A row of the portal's October; what else a mart has is null.
A_ROW = {
    "basis": "portal", "regime": "portal_2025", "period_type": "month", "period_start": "2025-10-01",
    "period_end": "2025-10-31", "as_of": "2025-10-31", "unit_code": "75", "unit_level": "province", "province_code": "75",
    "parent_unit_code": "VN", "peer_group": "nation", "peer_group_code": "VN",
}  # fmt: skip


def as_contracted(values: Mapping[str, str]) -> dict[str, str | None]:
    """Each mart with the columns and types of its contract, and one row: of `values` those that it has columns for."""
    nodes = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    return {
        node["name"]: "select "
        + ", ".join(
            f"cast({literal(values[name]) if name in values else 'null'} as {column['data_type']}) as {name}"
            for name, column in node["columns"].items()
        )
        for node in nodes
        if node["resource_type"] == "model" and node["name"].startswith("mart_")
    }


@pytest.fixture
def closed(home: Path) -> Path:
    return home / "closed"


@pytest.fixture
def release(serving: Path, closed: Path, make_build: Callable[..., Path]) -> Callable[..., Release]:
    def make(tables: dict[str, str | None], batch: str = "b1") -> Release:
        evidence = Provenance([{"batch": batch}], GATES, {}, {})
        return publish(make_build(tables), serving, evidence, "page", datetime.now(UTC), closed)

    return make


def rows(serving: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(serving / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_closed_month_stays_byte_for_byte_while_later_deliveries_change_what_is_served(
    serving: Path, closed: Path, release: Callable[..., Release], tree: Any
) -> None:
    first = release(marts(80.0, 3, 100))
    made = close_month(serving, closed, OCTOBER, SECOND)
    assert (made.month, made.revision, made.is_new, made.status) == ("2025-10", 1, True, "final")
    assert made.manifest["release_id"] == first.release_id
    # October alone is frozen: November is not over.
    assert made.manifest["rows"] == {"mart_province_ranking": 1, "mart_service_headline": 1}
    frozen = tree(closed)

    # The next release serves it; nothing is different yet.
    second = release(marts(80.0, 3, 100))
    assert second.is_new
    assert second.manifest["closed"] == [f"2025-10 revision 1, final, closed by user {os_user()}"]
    assert rows(
        serving, "select closed_month, revision, total_score, release_id from closed.mart_province_ranking"
    ) == [("2025-10", 1, 80, first.release_id)]
    assert rows(serving, "from closed.changes_since_close") == []

    # Twenty dossiers of October come late: 78.5 points, fifth.
    release(marts(78.5, 5, 120), "b2")
    assert rows(
        serving,
        "select name_vi, score_then::float, score_now::float, rank_then, rank_now, dossiers_then, dossiers_now"
        " from closed.changes_since_close",
    ) == [("Đồng Nai", 80.0, 78.5, 3, 5, 100, 120)]
    assert rows(serving, "select total_score::float from closed.mart_province_ranking") == [(80.0,)]
    # Asked again, it is the same month.
    assert not close_month(serving, closed, OCTOBER, SECOND).is_new
    assert tree(closed) == frozen


#: What the 29th showed of October, and what the 31st did: two points less, two places down, twenty dossiers more.
THE_29TH = ("2025-10-29", 80.0, 3, 100)
THE_31ST = ("2025-10-31", 78.0, 5, 120)
CHANGES = (
    "select as_of_then::varchar, as_of_now::varchar, score_then::float, score_now::float, rank_then, rank_now,"
    " dossiers_then, dossiers_now from closed.changes_since_close"
)


@pytest.mark.parametrize(
    ("basis", "now"),
    [
        # What is delivered later lets records be observed at the end of the month, and only there.
        ("records", (THE_31ST,)),
        # Of the portal every day that was captured stays served; the 29th still says what it said.
        ("portal", (THE_29TH, THE_31ST)),
    ],
)
def test_what_was_frozen_is_compared_with_the_newest_day_of_the_month(
    serving: Path, closed: Path, release: Callable[..., Release], basis: str, now: tuple[Any, ...]
) -> None:
    release(observed(basis, THE_29TH))
    close_month(serving, closed, OCTOBER, SECOND)
    release(observed(basis, *now), "b2")
    assert rows(serving, CHANGES) == [("2025-10-29", "2025-10-31", 80.0, 78.0, 3, 5, 100, 120)]


def test_a_later_day_with_the_same_figures_is_no_change(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    release(observed("portal", THE_29TH))
    close_month(serving, closed, OCTOBER, SECOND)
    release(observed("portal", THE_29TH, ("2025-10-31", *THE_29TH[1:])), "b2")
    assert rows(serving, CHANGES) == []


def test_a_province_that_is_shown_no_more_has_no_day_now(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    # The only capture of October was taken back, and another basis is served alone: nothing stands for the portal's.
    release(observed("portal", THE_29TH))
    close_month(serving, closed, OCTOBER, SECOND)
    release(observed("records", THE_31ST), "b2")
    assert rows(serving, CHANGES) == [("2025-10-29", None, 80.0, None, 3, None, 100, None)]


def test_each_column_of_the_changes_is_described(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    release(marts(80.0, 3, 100))
    close_month(serving, closed, OCTOBER, SECOND)
    release(marts(78.5, 5, 120), "b2")
    undescribed = (
        "select column_name from duckdb_columns() where schema_name = 'closed' and table_name = 'changes_since_close'"
        " and comment is null"
    )
    assert rows(serving, undescribed) == []


def of_october(columns: str, *days: tuple[Any, ...]) -> str:
    """A mart of October on basis `portal`: each row is a day of the month and a value of each of the columns."""
    values = ", ".join(str(row) if len(row) > 1 else f"({row[0]})" for row in days).replace("None", "null")
    return (
        "select 'portal' as basis, 'portal_2025' as regime, 'month' as period_type, date '2025-10-01' as period_start,"
        f" date '2025-10-31' as period_end, date '2025-10-01' + day - 1 as as_of, * exclude (day)"
        f" from (values {values}) as t(day, {columns})"
    )


#: The portal was captured province by province. The nation on the 29th and the 31st. Of the communes of 75 both on the
#: 29th, and 26068 alone on the 30th, when it had no total any more, and so no plan; 26041 was refused that day. Of the
#: communes of 52 there is nothing.
PIECEMEAL: dict[str, str | None] = {
    **observed("portal", ("2025-10-29", 80.0, 3, 100), ("2025-10-31", 78.0, 5, 120)),
    "mart_index": of_october(
        "unit_code", (29, "75"), (31, "75"), (29, "26041"), (29, "26068"), (30, "26068")
    ),
    "mart_commune_ranking": of_october(
        "unit_code, province_code", (29, "26041", "75"), (29, "26068", "75"), (30, "26068", "75")
    ),
    "mart_score_plan": of_october("unit_code", (29, "75"), (31, "75"), (29, "26041"), (29, "26068")),
    # Each day has a row of each province and level, also where nobody looked at it.
    "mart_coverage": of_october(
        "province_code, unit_level, units_present",
        (29, "75", "province", 1), (29, "75", "commune", 2), (29, "52", "commune", 0),
        (30, "75", "province", 0), (30, "75", "commune", 1), (30, "52", "commune", 0),
        (31, "75", "province", 1), (31, "75", "commune", 0), (31, "52", "commune", 0),
    ),
    "mart_peer_medians": of_october(
        "unit_level, peer_group, peer_group_code",
        (29, "province", "nation", "VN"), (31, "province", "nation", "VN"),
        (29, "commune", "province", "75"), (30, "commune", "province", "75"), (31, "nation", None, None),
    ),
    # What the 31st showed of the communes had been seen: the figures are those of the 30th.
    "mart_portal_captures": of_october(
        "unit_level, parent_unit_code, observed_at, is_current",
        (29, "province", "VN", "2025-10-29 09:00:00", True), (31, "province", "VN", "2025-10-31 09:00:00", True),
        (29, "commune", "75", "2025-10-29 09:10:00", True), (30, "commune", "75", "2025-10-30 09:10:00", True),
        (31, "commune", "75", "2025-10-31 09:10:00", False),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("mart", "subject", "expected"),
    [
        ("mart_province_ranking", "unit_code", [("75", 31)]),
        ("mart_service_headline", "unit_code", [("75", 31)]),
        ("mart_index", "unit_code", [("26041", 29), ("26068", 30), ("75", 31)]),
        ("mart_commune_ranking", "unit_code", [("26041", 29), ("26068", 30)]),
        # On its last day 26068 has no plan. That of the day before belongs to a total that is not frozen.
        ("mart_score_plan", "unit_code", [("26041", 29), ("75", 31)]),
        # The day of the newest figures; where there are none on any day, the last day tells so.
        ("mart_coverage", "unit_level || province_code", [("commune52", 31), ("commune75", 30), ("province75", 31)]),
        # The nation has no peers, and its row is kept all the same.
        ("mart_peer_medians", "peer_group_code", [("75", 30), ("VN", 31), (None, 31)]),
        ("mart_portal_captures", "parent_unit_code", [("75", 30), ("VN", 31)]),
    ],
)  # fmt: skip
def test_each_unit_is_frozen_as_of_the_last_day_on_which_it_was_observed(
    serving: Path, closed: Path, release: Callable[..., Release], mart: str, subject: str, expected: list[Any]
) -> None:
    release(PIECEMEAL)
    made = close_month(serving, closed, OCTOBER, SECOND)
    frozen = f"select {subject}, day(as_of) from read_parquet(?) order by all"
    with duckdb.connect() as connection:
        assert connection.execute(frozen, [str(made.folder / f"{mart}.parquet")]).fetchall() == expected
    assert made.manifest["rows"][mart] == len(expected)


def test_all_marts_of_a_period_are_frozen_by_whom_their_contracts_say_they_are_about(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    release(as_contracted(A_ROW))
    made = close_month(serving, closed, OCTOBER, SECOND)
    # Those with the six keys of a period. `mart_backlog` and its like have a day of their own, and no period.
    assert made.manifest["rows"] == dict.fromkeys(
        [
            "mart_commune_ranking", "mart_coverage", "mart_daily_trend_portal", "mart_department_ranking", "mart_index",
            "mart_indicator_scores", "mart_official_reconciliation", "mart_peer_medians", "mart_portal_captures",
            "mart_province_ranking", "mart_score_gap", "mart_score_plan", "mart_service_headline",
        ],
        1,
    )  # fmt: skip
    with open_marts(serving) as connection:
        # A mart that is about something else must say so by a column that is named here.
        assert set(frozen_tables(connection)) == {
            ("unit_code",), ("unit_level", "province_code"), ("unit_level", "parent_unit_code"),
            ("unit_level", "peer_group", "peer_group_code"),
        }  # fmt: skip


def test_two_windows_of_one_first_day_are_two_periods(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    # Both begin on 1 July and end in October, on the 15th and on the 31st, each observed at its end.
    windows = (
        "select 'records' as basis, 'portal_2025' as regime, 'window' as period_type, date '2025-07-01' as period_start,"
        " day as period_end, day as as_of, '75' as unit_code, 'Đồng Nai' as name_vi, 'final' as period_status,"
        " 34 as peers, 34 as peers_expected, null::varchar as incomplete_sources, 80.0 as total_score, 3 as rank,"
        " 100 as dossiers_received from (values (date '2025-10-15'), (date '2025-10-31')) as t(day)"
    )
    release({"mart_index": None, "mart_province_ranking": windows, "mart_service_headline": windows})
    made = close_month(serving, closed, OCTOBER, SECOND)
    assert made.manifest["rows"] == {"mart_province_ranking": 2, "mart_service_headline": 2}


def test_a_revision_is_made_on_purpose_and_keeps_the_earlier_figure_beside_it(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    release(marts(80.0, 3, 100))
    close_month(serving, closed, OCTOBER, SECOND)
    release(marts(78.5, 5, 120), "b2")
    made = close_month(serving, closed, OCTOBER, SECOND, revise="the portal corrected October")
    assert (made.revision, made.manifest["revised_because"]) == (2, "the portal corrected October")
    release(marts(78.5, 5, 120), "b2")
    assert rows(serving, "select revision, total_score::float from closed.mart_province_ranking order by 1") == [
        (1, 80.0), (2, 78.5)
    ]  # fmt: skip
    # The newest revision is what is compared with.
    assert rows(serving, "from closed.changes_since_close") == []


def test_a_month_with_a_province_missing_is_closed_as_provisional_with_the_reason(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    release(marts(80.0, 3, 100, peers=33))
    made = close_month(serving, closed, OCTOBER, SECOND)
    assert (made.status, made.manifest["reason"]) == (
        "provisional", "month of basis records: 33 of 34 provinces ranked"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (
            {"as_of": "2025-10-29", "observed_at": "2025-10-29 09:00"},
            "month of basis portal: observed before its end (2025-10-29)",
        ),
        # At 23:59 of the last day that day was not over.
        ({"observed_at": "2025-10-31 23:59"}, "month of basis portal: not captured after its end"),
        (
            {"peers": "33", "observed_at": "2025-10-31 23:59"},
            "month of basis portal: 33 of 34 provinces ranked, not captured after its end",
        ),
        # One minute later it was over. And what was captured early is no lack where it is not what the ranking shows, or
        # showed communes.
        (
            {"peers": "33", "observed_at": "2025-11-01 00:00"},
            "month of basis portal: 33 of 34 provinces ranked",
        ),
        (
            {"peers": "33", "observed_at": "2025-10-31 23:59", "is_current": "false"},
            "month of basis portal: 33 of 34 provinces ranked",
        ),
        (
            {"peers": "33", "observed_at": "2025-10-31 23:59", "unit_level": "commune"},
            "month of basis portal: 33 of 34 provinces ranked",
        ),
        (
            {"basis": "records", "incomplete_sources": "dossiers, petitions"},
            "month of basis records: not every province has delivered beyond its end: dossiers, petitions",
        ),
        (
            {"basis": "records", "as_of": "2025-10-29", "peers": "32", "incomplete_sources": "dossiers"},
            "month of basis records: observed before its end (2025-10-29), 32 of 34 provinces ranked,"
            " not every province has delivered beyond its end: dossiers",
        ),
        # Several windows may end in a month: each is named by its days.
        (
            {"basis": "records", "period_type": "window", "period_start": "2025-07-01", "peers": "33"},
            "window 2025-07-01 to 2025-10-31 of basis records: 33 of 34 provinces ranked",
        ),
    ],
)
def test_a_provisional_month_says_what_it_lacks(
    serving: Path, closed: Path, release: Callable[..., Release], changed: Mapping[str, str], reason: str
) -> None:
    complete = {
        "peers": "34",
        "peers_expected": "34",
        "observed_at": "2025-11-01 09:00",
        "is_current": "true",
    }
    row = {**A_ROW, **complete, "period_status": "provisional" if reason else "final", **changed}
    release(as_contracted(row))
    made = close_month(serving, closed, OCTOBER, SECOND)
    assert (made.status, made.manifest["reason"]) == ("provisional" if reason else "final", reason)


def test_a_release_of_before_captures_were_served_says_what_is_left(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    # 34 of 34 at the end of the month, no source awaited, and provisional all the same: of the four things that make a
    # period final (docs/adr/0029) the capture after the end alone can be what it lacks.
    month = observed("portal", THE_31ST)
    month["mart_province_ranking"] = str(month["mart_province_ranking"]).replace("'final'", "'provisional'")
    release(month)
    made = close_month(serving, closed, OCTOBER, SECOND)
    assert made.manifest["reason"] == "month of basis portal: not captured after its end"


def test_a_month_that_is_not_over_in_vietnam_is_not_closed(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    release(marts(80.0, 3, 100))
    # 16:59 in Greenwich on 31 October is 23:59 in Vietnam; a minute later it is November there.
    with pytest.raises(PublishError, match="2025-10 is not over"):
        close_month(serving, closed, OCTOBER, datetime(2025, 10, 31, 16, 59, tzinfo=UTC))
    assert close_month(serving, closed, OCTOBER, datetime(2025, 10, 31, 17, 0, tzinfo=UTC)).is_new


def test_nothing_to_freeze_is_told_and_leaves_nothing(
    serving: Path, closed: Path, release: Callable[..., Release]
) -> None:
    with pytest.raises(PublishError, match="nothing is served"):
        close_month(serving, closed, OCTOBER, SECOND)
    release(marts(80.0, 3, 100))
    with pytest.raises(PublishError, match="2025-09: the release that is served has no figures"):
        close_month(serving, closed, date(2025, 9, 15), SECOND)
    assert revisions(closed) == []
    assert [path for path in closed.rglob("*") if "revision" in path.name] == []


def test_a_crash_while_freezing_leaves_no_half_month(
    serving: Path, closed: Path, release: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Killed

    release(marts(80.0, 3, 100))
    with monkeypatch.context() as patched:
        patched.setattr("orchestration.publishing.closed_months.sync_tree", die)
        with pytest.raises(Killed):
            close_month(serving, closed, OCTOBER, SECOND)
    assert revisions(closed) == []
    made = close_month(serving, closed, OCTOBER, SECOND)
    assert made.is_new
    assert json.loads((made.folder / "manifest.json").read_text(encoding="utf-8"))["revision"] == 1
    assert [path.name for path in made.folder.parent.iterdir()] == ["revision=1"]
