"""The carried samples say what was transcribed from the portal's captures, no more and no less, and come when they came.

Beside them: `portal_captures_2026.csv` (the 34 provinces, 20 times), and `tests/cases/portal` (names, Gia Lai's units and
their metrics, October 2025). Does not belong here: what becomes of a sample once it has landed.
"""

from __future__ import annotations

import csv
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion.delivery_sla import overdue
from orchestration.ingestion.landing import PORTAL
from orchestration.samples import land_samples, samples
from orchestration.settings import REPOSITORY, Settings

TESTS = REPOSITORY / "tests"
CASES = TESTS / "cases" / "portal"
CARRIED = REPOSITORY / "seeds" / "samples" / "portal"
GROUPS = ("CKMB", "TDGQ", "ONLINE", "TTTT", "MDSH", "MDHL")
FORMER, LAST_FORMER = "formerName_until_capture_2026-09-26T23:46:55Z", "2026-09-26T23:46:55Z"


def transcribed(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def carried(name: str) -> Any:
    return json.loads((CARRIED / name).read_text(encoding="utf-8"))


def figure(text: str) -> float | None:
    return float(text) if text else None


def scores(row: dict[str, str]) -> list[float]:
    """Total and groups of a transcribed row."""
    return [float(row[column]) for column in ("totalScore", *GROUPS)]


CAPTURES: dict[str, list[dict[str, str]]] = {}
for one in transcribed(TESTS / "unit" / "ingestion" / "portal_captures_2026.csv"):
    CAPTURES.setdefault(one["captured_at"], []).append(one)
NAMES = {row["departmentCode"]: row for row in transcribed(CASES / "province_names_2026.csv")}


def name_at(code: str, moment: str) -> str:
    return (NAMES[code][FORMER] if moment <= LAST_FORMER else "") or NAMES[code]["departmentName"]


# The nation, 17 September to 10 October 2026.


def file_of(moment: str) -> str:
    return f"{moment.replace(':', '')}-service-results-nation-2026.json"


def listed(moment: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(carried(file_of(moment))["answer"])["data"]["evaluation"]
    return found


def test_each_of_the_twenty_captures_is_carried() -> None:
    assert len(CAPTURES) == 20
    assert {file.name for file in CARRIED.glob("*-nation-*.json")} == set(map(file_of, CAPTURES))


@pytest.mark.parametrize("moment", CAPTURES)
def test_a_list_of_the_nation_says_what_was_captured_and_nothing_else(moment: str) -> None:
    said = {
        row["departmentCode"]: [
            row["departmentName"],
            row["totalScore"],
            # The portal's own word for ONLINE.
            *(row["groupScores"]["CLGQ" if group == "ONLINE" else group] for group in GROUPS),
        ]
        for row in listed(moment)
    }
    assert said == {
        row["departmentCode"]: [name_at(row["departmentCode"], moment), *scores(row)]
        for row in CAPTURES[moment]
    }
    for row in listed(moment):
        assert [*row] == ["departmentName", "departmentCode", "totalScore", "ratio", "groupScores"]
        assert row["ratio"] == row["totalScore"], "of 100 points"
        assert len(row["groupScores"]) == 6


@pytest.mark.parametrize("moment", CAPTURES)
def test_the_portals_order_is_by_total_then_by_name_letter_by_letter(moment: str) -> None:
    rows = listed(moment)
    assert rows == sorted(rows, key=lambda row: (-row["totalScore"], row["departmentName"]))
    ranks = {row["departmentCode"]: row["rank"] for row in CAPTURES[moment]}
    if not any(ranks.values()):
        assert moment == "2026-09-17T03:40:19Z", "the one capture without ranks"
        return
    assert [int(ranks[row["departmentCode"]]) for row in rows] == list(range(1, 35))


@pytest.mark.parametrize("moment", CAPTURES)
def test_an_answer_stands_with_its_question_and_its_hash(moment: str) -> None:
    capture = carried(file_of(moment))
    assert [*capture] == ["capture", "capturedAt", "request", "status", "sha256", "answer"]
    assert (capture["capture"], capture["capturedAt"], capture["status"]) == (moment, moment, 201)
    assert capture["sha256"] == hashlib.sha256(capture["answer"].encode()).hexdigest()
    assert capture["request"] == {
        "path": "evaluation/service-results",
        "body": {"timeType": "year", "year": 2026, "departmentType": "ADMINISTRATIVE_UNIT"},
        "agencyCode": None,
    }
    answer = json.loads(capture["answer"])
    assert (answer["code"], answer["message"]) == ("OK", "OK")
    assert answer["data"]["overview"] == {"departmentName": "Cả nước", "departmentCode": None}


# The units of Gia Lai, 2 and 10 October 2026.


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("service_results_units_H21_2026-10-02.json", "2026-10-02T08:29:02Z"),
        ("service_results_units_H21_2026-10-10T070013Z.json", "2026-10-10T07:00:13Z"),
    ],
)
def test_the_units_of_gia_lai_are_what_was_captured(name: str, moment: str) -> None:
    payload = carried(name)
    assert payload["metadata"] == {
        "scope": "UnitsDetail", "provinceCode": "H21", "timeType": "year", "year": 2026, "extractedAt": moment,
        "unitCounts": {"AGENCY": 14, "COMMUNE": 135},
    }  # fmt: skip
    rows = transcribed(CASES / "unit_scores_H21_2026.csv")
    assert [
        [unit["departmentCode"], unit["departmentName"], unit["childGroup"], unit["groupRank"], unit["totalScore"],
         *(unit["groupScores"][group] for group in GROUPS)]
        for unit in payload["units"]
    ] == [
        [row["departmentCode"], row["departmentName"], row["childGroup"], int(row["groupRank"]), *scores(row)]
        for row in rows if row["captured_at"] == moment
    ]  # fmt: skip
    counted = [
        [unit["childGroup"] for unit in payload["units"]].count(kind) for kind in ("AGENCY", "COMMUNE")
    ]
    assert counted == [14, 135]


def test_the_metrics_of_32_units_are_what_was_captured() -> None:
    said: dict[tuple[str, str], list[float | None]] = {}
    for unit in carried("service_results_units_H21_2026-10-10T070013Z.json")["units"]:
        parts = {key.split("_")[0]: part for key, part in unit.get("componentIndicators", {}).items()}
        if not parts:
            continue
        code, settled, paid = unit["departmentCode"], parts["TDGQ"], parts["TTTT"]
        assert {group: part["score"] for group, part in parts.items()} == unit["groupScores"]
        assert sum(part["maxScore"] for part in parts.values()) == 100
        assert settled["totalOnTime"] + settled["totalOverdue"] == settled["totalReceived"]
        said[code, "ON_TIME_SETTLEMENT"] = [
            settled[key] for key in ("totalOnTime", "totalReceived", "ratio", "score", "maxScore")
        ]
        # Of payment the portal gives counts alone.
        said[code, "DOSSIER_PAID_ONLINE"] = [
            paid["totalDossierOnlinePaymentSuccess"], paid["totalDossierFinancialObligation"], None, None, None,
        ]  # fmt: skip
        said[code, "FORMALITY_PAID_ONLINE"] = [
            paid["totalDossierOnlineFormalityPaymentSuccess"], paid["totalFeeFormality"], None, None, None,
        ]  # fmt: skip
        for metric in (metric for part in parts.values() for metric in part.get("metrics", ())):
            said[code, metric["code"]] = [
                metric[key] for key in ("numerator", "denominator", "ratio", "score", "maxScore")
            ]
    expected = transcribed(CASES / "unit_metrics_H21_2026-10-10.csv")
    assert said == {
        (row["departmentCode"], row["metric_code"]): [
            figure(row[key]) for key in ("numerator", "denominator", "ratio", "score", "maxScore")
        ]
        for row in expected
    }
    assert len({code for code, _ in said}) == 32


# October 2025.


@pytest.mark.parametrize(("time_type", "period"), [("year", {}), ("month", {"month": 10})])
def test_october_2025_is_what_was_published(time_type: str, period: dict[str, int]) -> None:
    payload = carried(f"service_results_{time_type}_2025-10.json")
    assert payload["metadata"] == {
        "scope": "Provinces", "timeType": time_type, "year": 2025, **period, "extractedAt": "2025-10-31T16:59:59Z",
    }  # fmt: skip
    assert [
        [row["departmentCode"], row["departmentName"], row["rank"], row["totalScore"],
         *(row["groupScores"][group] for group in GROUPS)]
        for row in payload["provinces"]
    ] == [
        [row["departmentCode"], row["departmentName"], int(row["rank"]), *scores(row)]
        for row in transcribed(CASES / "province_scores_2025-10.csv") if row["period_type"] == time_type
    ]  # fmt: skip


# Their delivery.


def test_a_sample_is_delivered_on_the_day_of_its_capture_in_vietnam_by_whose_list_it_is() -> None:
    places = {one.file.name: (one.delivery_date.isoformat(), one.sender) for one in samples(CARRIED.parent)}
    assert len(places) == 20 + 2 + 3 + 2
    # 23:43 UTC is 06:43 of the next day.
    assert places[file_of("2026-09-25T23:43:16Z")] == ("2026-09-26", "nation")
    assert places[file_of("2026-10-10T07:00:29Z")] == ("2026-10-10", "nation")
    assert places["service_results_2026-10-10.json"] == ("2026-10-10", "nation")
    assert places["service_results_units_H21_2026-10-02.json"] == ("2026-10-02", "H21")
    # A second before midnight.
    assert places["service_results_month_2025-10.json"] == ("2025-10-31", "nation")


def test_what_was_agreed_is_what_the_samples_deliver(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    landed = land_samples(settings)
    assert land_samples(settings) == landed, "a second time they lie there already"
    day = date(2026, 9, 17)
    while day <= date(2026, 10, 10):
        assert not overdue(settings.expected_deliveries, settings.reference, settings.landing, PORTAL, day)
        day += timedelta(days=1)
