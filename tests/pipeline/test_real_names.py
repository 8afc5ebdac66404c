"""The portal's own names and codes from landing to marts: who is recognised, and what becomes of the others.

Real figures: Gia Lai's 14 departments and 135 communes on 2 and 10 October 2026, with the portal's names and ranks, and
the 34 provinces of October 2025 and of 17 and 27 September 2026 (`tests/cases/portal`, from public captures). Here they
come in the shape that is read.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.defs.run_job import Outcome, refresh
from orchestration.defs.unit_checks import CHECK
from orchestration.ingestion.landing import PORTAL
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.clicks import click, errors
from tests.three_samples import land_three_samples

# One run on some twenty captures, of which a third has every commune of a province.
pytestmark = pytest.mark.slow

CASES = REPOSITORY / "tests" / "cases"
GROUPS = ("CKMB", "TDGQ", "ONLINE", "TTTT", "MDSH", "MDHL")
DAYS = {"2026-10-02": "2026-10-02T08:29:02Z", "2026-10-10": "2026-10-10T07:00:13Z"}
Payload = dict[str, Any]
Change = Callable[[Payload], None]


def table(name: str) -> list[dict[str, str]]:
    with (CASES / "portal" / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def gia_lai(day: str) -> Payload:
    """The capture of a day, as the portal shows the units of a province."""
    units = [
        {
            "departmentName": row["departmentName"],
            "departmentCode": row["departmentCode"],
            "childGroup": row["childGroup"],
            "totalScore": float(row["totalScore"]),
            "groupScores": {group: float(row[group]) for group in GROUPS},
            "groupRank": int(row["groupRank"]),
        }
        for row in table("unit_scores_H21_2026.csv")
        if row["captured_at"].startswith(day)
    ]
    metadata = {"scope": "UnitsDetail", "provinceCode": "000.00.00.H21", "timeType": "year", "year": 2026,
                "extractedAt": DAYS[day], "unitCounts": {"AGENCY": 14, "COMMUNE": 135}}  # fmt: skip
    return {"metadata": metadata, "units": units}


def plain(row: dict[str, str]) -> str:
    return row["departmentCode"].removeprefix("000.00.00.")


def october_2025(period_type: str) -> Payload:
    """The 34 provinces, with the name of ONLINE that the interface of 2025 used, and its codes: of Lạng Sơn as it was
    written then, of the others in the same form, which was in use for all.
    """
    provinces = [
        {
            "departmentName": row["departmentName"],
            "departmentCode": f"000.00.00.{plain(row)}",
            "totalScore": float(row["totalScore"]),
            "groupScores": {group.replace("ONLINE", "CLGQ"): float(row[group]) for group in GROUPS},
            "rank": int(row["rank"]),
        }
        for row in table("province_scores_2025-10.csv")
        if row["period_type"] == period_type
    ]
    metadata = {
        "scope": "Provinces",
        "timeType": period_type,
        "year": 2025,
        "extractedAt": "2025-11-01T01:00:00Z",
    }
    if period_type == "month":
        metadata["month"] = 10
    return {"metadata": metadata, "provinces": provinces}


#: Captures of the provinces between which names changed, by the day that they describe.
SEPTEMBER = {"2026-09-17": "2026-09-17T03:40:19Z", "2026-09-27": "2026-09-27T01:49:07Z"}


def september_2026(day: str) -> Payload:
    """The 34 provinces, as they were called on that day."""
    provinces = [
        {
            "departmentName": row["departmentName"],
            "departmentCode": row["departmentCode"],
            "totalScore": float(row["totalScore"]),
            "groupScores": {group: float(row[group]) for group in GROUPS},
            **({"rank": int(row["rank"])} if row["rank"] else {}),
        }
        for row in table("province_scores_2026-09.csv")
        if row["captured_at"] == SEPTEMBER[day]
    ]
    metadata = {"scope": "Provinces", "timeType": "year", "year": 2026, "extractedAt": SEPTEMBER[day]}
    return {"metadata": metadata, "provinces": provinces}


def land(
    settings: Settings, payload: Payload, day: str, sender: str = "H21", name: str = "units.json"
) -> None:
    path = settings.landing / PORTAL / day / sender / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(payload, ensure_ascii=False), encoding="utf-8")


def rows(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.serving / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def unit(payload: Payload, code: str) -> Payload:
    found: Payload = next(one for one in payload["units"] if one["departmentCode"] == code)
    return found


def unlisted(code: str) -> str:
    """A code that no list has: by its code a commune is known whatever it is called."""
    return code.replace("H21.", "H21.9")


def misname(every: int) -> Change:
    """Every so many-th commune has a name that nobody knows."""

    def change(payload: Payload) -> None:
        for one in [one for one in payload["units"] if one["childGroup"] == "COMMUNE"][::every]:
            one["departmentName"] = "UBND xã Không Có " + one["departmentCode"]
            one["departmentCode"] = unlisted(one["departmentCode"])

    return change


def misname_one(payload: Payload) -> None:
    unit(payload, "H21.131").update(departmentName="UBND xã Ia Không Có", departmentCode=unlisted("H21.131"))


def twice(payload: Payload) -> None:
    payload["units"].append({**unit(payload, "H21.19"), "totalScore": 71.0})


def two_codes(payload: Payload) -> None:
    """Another code bears the name of the commune H21.227."""
    payload["units"].append({**unit(payload, "H21.227"), "departmentCode": "H21.999"})


def contradict(payload: Payload) -> None:
    unit(payload, "H21.19")["totalScore"] = 12.0


def as_text(payload: Payload) -> None:
    unit(payload, "H21.19")["groupScores"]["TDGQ"] = "many"


def without_a_group(payload: Payload) -> None:
    """The portal's total beside five groups: nobody knows what the sixth was."""
    unit(payload, "H21.19")["groupScores"].pop("MDHL")


def null_group(payload: Payload) -> None:
    unit(payload, "H21.19")["groupScores"]["MDHL"] = None
    unit(payload, "H21.19")["totalScore"] = None


def old_codes(payload: Payload) -> None:
    for one in payload["units"]:
        one["departmentCode"] = f"000.00.{one['departmentCode'].split('.')[1]}.h21 "


#: A day of its own for each fault: what is done to the capture of 2 October, how many communes and departments are
#: ranked, and the reason that is reported, if there is one.
FAULTS: dict[str, tuple[Change, int, int, str]] = {
    "2026-09-21": (misname_one, 134, 14, "unknown_unit"),
    "2026-09-22": (twice, 135, 13, "unit_twice"),
    "2026-09-23": (two_codes, 134, 14, "unit_twice"),
    "2026-09-24": (contradict, 135, 13, "group_sum_differs_from_total"),
    "2026-09-25": (as_text, 135, 13, "not_a_number"),
    "2026-09-28": (misname(6), 112, 14, "unknown_unit"),
    # More than a fifth of the 149 rows is no careless name: nothing of the file is taken, and the nation goes on.
    "2026-09-29": (misname(3), 0, 0, "too_many_units_refused"),
    "2026-09-30": (without_a_group, 135, 13, ""),
    "2026-10-01": (null_group, 135, 13, ""),
    "2026-10-03": (old_codes, 135, 14, ""),
}


def faulty(day: str) -> Payload:
    """The capture of 2 October with the fault; a commune has some hundredths less, so that no day repeats another."""
    payload = gia_lai("2026-10-02")
    payload["metadata"]["extractedAt"] = f"{day}T08:00:00Z"
    one, less = unit(payload, "H21.202"), 0.01 * (1 + list(FAULTS).index(day))
    for holder, key in ((one, "totalScore"), (one["groupScores"], "CKMB")):
        holder[key] = round(float(holder[key]) - less, 2)
    FAULTS[day][0](payload)
    return payload


def with_placeholders() -> Payload:
    """The nation a year on, with what the portal says of DOSSIER_SYNC: a placeholder, nothing reported, a new word."""
    path = REPOSITORY / "seeds" / "samples" / "portal" / "service_results_2026-10-10.json"
    payload: Payload = json.loads(path.read_text(encoding="utf-8"))
    payload["metadata"].update(
        timeType="month", month=10, extractedAt="2026-10-31T10:00:00Z"
    )  # 17:00 of the last day
    for code, status in (("H19", "TEMP_NATIONAL_REPORT_DENOMINATOR"), ("H20", "NO_NATIONAL_REPORT_DATA"),
                         ("H21", "another"), ("H24", None)):  # fmt: skip
        (one,) = [one for one in payload["provinces"] if one["departmentCode"] == code]
        listed = one["componentIndicators"]["CKMB_CongKhaiMinhBach"]["metrics"]
        next(metric for metric in listed if metric["code"] == "DOSSIER_SYNC")["dataQualityStatus"] = status
    return payload


def the_month_after(extracted_at: str, month: int) -> Payload:
    payload = with_placeholders()
    payload["metadata"].update(month=month, extractedAt=extracted_at)
    return payload


@pytest.fixture(scope="module")
def gia_lai_run(
    tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance
) -> tuple[Settings, Outcome]:
    """All of it in one installation, every capture on its own day; a second run finds nothing new."""
    settings = Settings(data=tmp_path_factory.mktemp("gia_lai"))
    land_three_samples(settings)
    for day in DAYS:
        land(settings, gia_lai(day), day)
    for day in FAULTS:
        land(settings, faulty(day), day, name=f"{day}.json")
    land(settings, unit_without_a_group(), "2026-10-11", name="f30.json")
    for period_type in ("year", "month"):
        land(settings, october_2025(period_type), "2025-11-01", "nation", f"{period_type}.json")
    for day in SEPTEMBER:
        land(settings, september_2026(day), day, "nation", "names.json")
    land(settings, with_placeholders(), "2026-10-31", "nation", "october.json")
    land(settings, the_month_after("2026-09-30T23:46:00Z", 9), "2026-10-01", "nation", "september.json")
    outcome = refresh(settings, instance)
    assert outcome.success, "\n".join(outcome.lines)
    return settings, outcome


def unit_without_a_group() -> Payload:
    """Case f30, on a day of its own beside the sample."""
    case = CASES / "f30_portal_unit_without_a_group" / "units_one_group_key_absent.json"
    payload: Payload = json.loads(case.read_text(encoding="utf-8"))
    payload["metadata"]["extractedAt"] = "2026-10-11T07:00:18Z"
    return payload


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(
    ("level", "group", "units"), [("commune", "COMMUNE", 135), ("department", "AGENCY", 14)]
)
def test_all_units_of_gia_lai_are_ranked_as_the_portal_ranks_them(
    gia_lai_run: tuple[Settings, Outcome], day: str, level: str, group: str, units: int
) -> None:
    settings, _ = gia_lai_run
    ranked = rows(
        settings,
        f"select agency_code, rank, total_score::varchar, peers, peers_expected, official_rank"
        f" from marts.mart_{level}_ranking where province_code = '52' and as_of = '{day}'",
    )
    shown = {
        row["departmentCode"]: row
        for row in table("unit_scores_H21_2026.csv")
        if row["childGroup"] == group and row["captured_at"].startswith(day)
    }
    totals = sorted((float(row["totalScore"]) for row in shown.values()), reverse=True)
    assert len(ranked) == units and {(peers, expected) for *_, peers, expected, _ in ranked} == {
        (units, units)
    }
    for code, rank, total, _, _, official_rank in ranked:
        assert float(total) == float(shown[code]["totalScore"])
        assert official_rank == int(shown[code]["groupRank"])
        # The portal breaks ties by name: of equals the first has our rank, and the next ones follow it.
        assert rank == 1 + totals.index(float(total)) <= official_rank < rank + totals.count(float(total))


def test_every_commune_of_gia_lai_is_one_of_the_code_list(gia_lai_run: tuple[Settings, Outcome]) -> None:
    settings, _ = gia_lai_run
    assert rows(
        settings,
        "select unit_code, name_vi, agency_code from marts.dim_unit where agency_code in"
        " ('H21.108', 'H21.131') or name_vi = 'Xã Kông Bơ La' order by unit_code",
    ) == [("23674", "Xã Kông Bơ La", code_of("Kông Bơ La")), ("23788", "Xã Ia Chia", "H21.131"),
          ("23954", "Xã Al Bá", "H21.108")]  # fmt: skip


def code_of(name: str) -> str:
    return next(
        row["departmentCode"] for row in table("unit_scores_H21_2026.csv") if name in row["departmentName"]
    )


@pytest.mark.parametrize("period_type", ["year_to_date", "month"])
def test_the_provinces_of_october_2025_are_read_with_the_codes_of_that_year(
    gia_lai_run: tuple[Settings, Outcome], period_type: str
) -> None:
    settings, _ = gia_lai_run
    ranked = rows(
        settings,
        "select agency_code, rank, official_rank, total_score::varchar, band from marts.mart_province_ranking"
        f" where period_type = '{period_type}' and regime = 'portal_2025' and basis = 'portal'",
    )
    shown = {
        plain(row): row
        for row in table("province_scores_2025-10.csv")
        if row["period_type"] == period_type.removesuffix("_to_date")
    }
    assert len(ranked) == 34
    assert all(
        float(total) == float(shown[code]["totalScore"]) and official == int(shown[code]["rank"])
        for code, _, official, total, _ in ranked
    )
    if period_type == "year_to_date":
        assert ("H19", 2, 2, "90.53", "excellent") in ranked
    online = rows(
        settings,
        "select agency_code, score::varchar from marts.mart_index inner join marts.dim_unit using (unit_code)"
        f" where valid_to is null and group_code = 'ONLINE' and period_type = '{period_type}' and regime = 'portal_2025'",
    )
    assert {code: float(score) for code, score in online} == {c: float(r["ONLINE"]) for c, r in shown.items()}


def test_a_province_that_became_a_city_keeps_its_codes(gia_lai_run: tuple[Settings, Outcome]) -> None:
    """Bắc Ninh and Quảng Ninh were provinces in the capture of 06:46 on 27 September 2026, which describes the 26th, and
    cities at 08:49 of that day. Đồng Nai was a province in October 2025 and a city in the first capture of 2026, that of
    17 September. Nobody else changed."""
    settings, _ = gia_lai_run
    found = rows(
        settings,
        "select unit_code, agency_code, unit_type, name_vi, valid_from::varchar, valid_to::varchar, valid_from_certainty"
        " from marts.dim_unit where unit_code in (select unit_code from marts.dim_unit group by all having count(*) > 1)"
        " order by unit_code, valid_from",
    )
    assert found == [
        ("22", "H49", "province", "Quảng Ninh", "2025-07-01", "2026-09-26", "documented"),
        ("22", "H49", "city", "Quảng Ninh", "2026-09-27", None, "observed"),
        ("24", "H05", "province", "Bắc Ninh", "2025-07-01", "2026-09-26", "documented"),
        ("24", "H05", "city", "Bắc Ninh", "2026-09-27", None, "observed"),
        ("75", "H19", "province", "Đồng Nai", "2025-07-01", "2026-09-16", "documented"),
        ("75", "H19", "city", "Đồng Nai", "2026-09-17", None, "bounded"),
    ]


#: By day: kinds of Đồng Nai, Bắc Ninh and Quảng Ninh.
VALUE_TYPES = {
    "2025-10-31": ("province", "province", "province"),
    "2026-09-17": ("city", "province", "province"),
    "2026-09-26": ("city", "province", "province"),
    "2026-09-27": ("city", "city", "city"),
    "2026-10-10": ("city", "city", "city"),
}


@pytest.mark.parametrize("day", VALUE_TYPES)
def test_a_ranking_shows_the_kind_of_its_day(gia_lai_run: tuple[Settings, Outcome], day: str) -> None:
    settings, _ = gia_lai_run
    ranked = rows(
        settings,
        "select agency_code, unit_type, rank, period_type from marts.mart_province_ranking"
        f" where as_of = '{day}' and basis = 'portal' order by period_type, agency_code",
    )
    periods = {period_type for *_, period_type in ranked}
    assert len(ranked) == 34 * len(periods) and all(rank for _, _, rank, _ in ranked)
    for period_type in periods:
        kinds = {agency: kind for agency, kind, _, period in ranked if period == period_type}
        assert (kinds["H19"], kinds["H05"], kinds["H49"]) == VALUE_TYPES[day]
        # Six cities on 1 July 2025.
        assert sum(kind == "city" for kind in kinds.values()) == 6 + VALUE_TYPES[day].count("city")


@pytest.mark.parametrize("day", SEPTEMBER)
def test_a_capture_is_taken_with_the_name_of_before_and_of_after(
    gia_lai_run: tuple[Settings, Outcome], day: str
) -> None:
    settings, _ = gia_lai_run
    names = "tỉnh Bắc Ninh" if day == "2026-09-17" else "thành phố Bắc Ninh"
    shown = {row["departmentCode"]: row for row in table("province_scores_2026-09.csv")
             if row["captured_at"] == SEPTEMBER[day]}  # fmt: skip
    assert shown["H05"]["departmentName"] == f"UBND {names}"
    found = rows(
        settings,
        "select agency_code, unit_code, total_score::varchar, rank, name_vi from marts.mart_province_ranking"
        f" where as_of = '{day}'",
    )
    totals = sorted((float(row["totalScore"]) for row in shown.values()), reverse=True)
    assert len(found) == 34
    for agency, _, total, rank, _ in found:
        assert float(total) == float(shown[agency]["totalScore"])
        assert rank == 1 + totals.index(float(total))
    by_agency = {agency: (unit_code, name) for agency, unit_code, _, _, name in found}
    assert by_agency["H05"] == ("24", "Bắc Ninh") and by_agency["H49"] == ("22", "Quảng Ninh")


def test_one_unknown_commune_is_left_out_and_the_rest_is_ranked_without_it(
    gia_lai_run: tuple[Settings, Outcome],
) -> None:
    settings, outcome = gia_lai_run
    ranked = rows(
        settings,
        "select agency_code, rank, peers, peers_expected, period_status from marts.mart_commune_ranking"
        " where province_code = '52' and as_of = '2026-09-21'",
    )
    assert len(ranked) == 134 and "H21.131" not in {code for code, *_ in ranked}
    assert {tuple(facts) for _, _, *facts in ranked} == {(134, 135, "provisional")}
    assert rows(
        settings,
        "select distinct units_present, units_expected from marts.mart_coverage where province_code = '52'"
        " and unit_level = 'commune' and as_of = '2026-09-21'",
    ) == [(134, 135)]
    kept = duckdb.sql(
        f"select reason_code, record, found, action from read_parquet('{settings.quarantine / PORTAL}/*.parquet')"
        " where file like '%/2026-09-21.json'"
    ).fetchall()
    (index,) = [
        n for n, one in enumerate(faulty("2026-09-21")["units"]) if one["departmentCode"] == "H21.9131"
    ]
    assert kept == [
        ("unknown_unit", f"units[{index}] (H21.9131)", "UBND xã Ia Không Có",
         "add this spelling of its name to unit_name_variants.csv, a new name to unit_changes.csv, or the commune to"
         " communes.csv if it is new")
    ]  # fmt: skip
    # The newest capture of the sender is of 11 October, and whole.
    assert "every_unit_taken" not in "\n".join(outcome.lines)


@pytest.mark.parametrize("day", FAULTS)
def test_a_fault_of_one_unit_is_its_own(gia_lai_run: tuple[Settings, Outcome], day: str) -> None:
    settings, _ = gia_lai_run
    _, communes, departments, reason = FAULTS[day]
    found = [
        rows(settings, f"select count(rank) from marts.mart_{level}_ranking where as_of = '{day}'")[0][0]
        for level in ("commune", "department")
    ]
    assert found == [communes, departments]
    ((status, reasons),) = duckdb.sql(
        f"select status, reason_codes from read_parquet('{settings.lake / PORTAL}/batch=*/files.parquet',"
        f" union_by_name = true) where source_file like '%/{day}.json'"
    ).fetchall()
    assert (reason in reasons) if reason else (status, reasons) == ("accepted", [])


def test_days_without_a_national_capture_have_no_ranking_of_provinces(
    gia_lai_run: tuple[Settings, Outcome],
) -> None:
    settings, _ = gia_lai_run
    assert rows(
        settings,
        "select distinct as_of::varchar, baseline from marts.mart_province_ranking where regime = 'portal_2026'"
        " and period_type = 'year_to_date' order by 1",
    ) == [
        ("2026-09-17", None),
        ("2026-09-26", "year_to_date from 2026-01-01 as of 2026-09-17"),
        ("2026-09-27", "year_to_date from 2026-01-01 as of 2026-09-26"),
        ("2026-10-10", "year_to_date from 2026-01-01 as of 2026-09-27"),
    ]


def test_a_unit_without_a_group_has_no_total_and_no_rank(gia_lai_run: tuple[Settings, Outcome]) -> None:
    settings, _ = gia_lai_run
    ranking = "select agency_code, total_score::varchar, rank, peers, rank_reason from marts.mart_{}_ranking"
    where = " where as_of = '2026-10-11' and province_code = '52' order by rank nulls first, agency_code"
    departments = rows(settings, ranking.format("department") + where)
    assert departments[0] == ("H21.17", None, None, 13, "no figure for CKMB")
    assert departments[1] == ("H21.09", "73.01", 1, 13, None)
    assert [rank for _, _, rank, *_ in departments[1:]] == list(range(1, 14))
    communes = rows(settings, ranking.format("commune") + where)
    assert [(code, rank) for code, _, rank, *_ in communes] == [("H21.227", 1), ("H21.125", 2)]
    coverage = rows(
        settings,
        "select group_code, units_present, units_expected from marts.mart_coverage where unit_level = 'department'"
        " and province_code = '52' and as_of = '2026-10-11' and group_code in ('CKMB', 'TDGQ') order by group_code",
    )
    assert coverage == [("CKMB", 13, 14), ("TDGQ", 14, 14)]


def test_a_month_is_final_only_if_it_was_captured_after_it_ended(
    gia_lai_run: tuple[Settings, Outcome],
) -> None:
    settings, _ = gia_lai_run
    assert rows(
        settings,
        "select distinct as_of::varchar, period_status from marts.mart_province_ranking"
        " where period_type = 'month' order by 1",
    ) == [("2025-10-31", "final"), ("2026-09-30", "final"), ("2026-10-31", "provisional")]


def test_a_provisional_denominator_is_marked(gia_lai_run: tuple[Settings, Outcome]) -> None:
    settings, _ = gia_lai_run
    where = (" inner join marts.dim_unit using (unit_code) where metric_code = 'DOSSIER_SYNC' and as_of = '2026-10-31'"
             " and valid_to is null and agency_code in ('H19', 'H20', 'H21', 'H24') order by agency_code")  # fmt: skip
    expected = [("H19", "provisional"), ("H20", "not_reported"), ("H21", "unknown_status"), ("H24", None)]
    for table_name in ("mart_indicator_scores", "ind_dossier_sync", "mart_official_reconciliation"):
        found = rows(settings, f"select agency_code, denominator_status from marts.{table_name}" + where)
        assert found == expected, table_name
    marked = "select count(*) from marts.mart_indicator_scores where denominator_status is not null"
    assert rows(settings, marked) == [(6,)]


def test_refused_units_are_warned_of_until_they_are_put_right(
    gia_lai_run: tuple[Settings, Outcome], instance: dg.DagsterInstance
) -> None:
    """Last of all: it delivers more. Into the lake is far enough; a warning holds nothing back (`tests/graph`)."""
    settings, _ = gia_lai_run
    payload = gia_lai("2026-10-10")
    payload["metadata"]["extractedAt"] = "2026-10-12T08:00:00Z"
    misname_one(payload)
    land(settings, payload, "2026-10-12", name="12.json")
    for _ in range(2):  # the second run has nothing new, and warns all the same
        done = click(settings, instance, lambda name: "portal_service_results" in name)
        assert done.success, errors(done.all_events)
        (warned,) = [check for check in done.get_asset_check_evaluations() if check.check_name == CHECK]
        assert (warned.passed, warned.severity) == (False, dg.AssetCheckSeverity.WARN)
        text = str(warned.description)
        assert "UBND xã Ia Không Có" in text and "(H21.9131)" in text and "unit_name_variants.csv" in text
