"""Two months day by day, as one range, and as a full refresh: the same marts.

July and August 2025 of two provinces: dossiers that come new, come again in a later state, come again in an older one,
late for their day and twice. Most days bring nothing, as in a real backfill of the past: each of them is the same night
once more, so that those beside a delivery and at the ends of a month stand for the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from orchestration.defs.run_job import refresh
from orchestration.ingestion.landing import Days
from orchestration.settings import Settings

pytestmark = pytest.mark.recovery

FIRST, LAST = date(2025, 7, 1), date(2025, 8, 31)
#: Days with a delivery: what came, as (serial numbers, state). 4 is in process, 10 returned. Each of them is a night
#: that is held and one that is approved, so there is one for each way to come, and no more.
DELIVERIES: dict[str, tuple[range, int]] = {
    "2025-07-02": (range(0, 40), 4),
    "2025-07-09": (range(20, 60), 10),  # new, and a newer state
    "2025-07-10": (range(0, 30), 4),  # again, and for some an older state after a newer one
    "2025-08-31": (range(0, 20), 10),  # a month late
}

#: Days that are run one by one.
NIGHTS = sorted(
    {FIRST, date(2025, 7, 31), date(2025, 8, 1), LAST}
    | {
        beside
        for day in map(date.fromisoformat, DELIVERIES)
        for beside in (day - timedelta(days=1), day, day + timedelta(days=1))
        if FIRST <= beside <= LAST
    }
)


def dossier(agency: str, number: int, status: int) -> dict[str, str]:
    received = FIRST + timedelta(days=number % 45)
    due = received + timedelta(days=7)
    ended = received + timedelta(days=3 + number % 9)
    return {
        "MaHoSo": f"{agency}.{1 + number % 3}-{received:%y%m%d}-{number:04}",
        "MaTTHC": f"1.00000{number % 4}",
        "KenhThucHien": str(1 + number % 3),
        "NgayNopHoSo": f"{received:%Y%m%d}070000",
        "NgayTiepNhan": f"{received:%Y%m%d}080000",
        "NgayHenTra": f"{due:%Y%m%d}170000",
        "TrangThaiHoSo": str(status),
        "NgayTra": f"{ended:%Y%m%d}100000" if status == 10 else "",
        "NgayKetThucXuLy": f"{ended:%Y%m%d}090000" if status == 10 else "",
    }


def deliver(settings: Settings) -> None:
    for day, (numbers, status) in DELIVERIES.items():
        for agency in ("H19", "H01"):
            path = settings.landing / "dossiers" / day / agency / "synthetic.jsonl"
            path.parent.mkdir(parents=True)
            rows = [dossier(agency, number, status) for number in numbers]
            path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


def run(settings: Settings, instance: dg.DagsterInstance, days: Days | None) -> None:
    """One run; on so few dossiers provinces move far, and someone approves each time."""
    outcome = refresh(settings, instance, days)
    text = "\n".join(outcome.lines)
    if "HELD as " in text:
        hold = text.split("HELD as ")[1].split(":")[0]
        approval = {"hold": hold, "by": "test", "reason": "few dossiers"}
        outcome = refresh(settings, instance, days, approval)
    assert outcome.success, "\n".join(outcome.lines)


def marts(settings: Settings) -> dict[str, Any]:
    manifest = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))
    return {name: (table["rows"], table["fingerprint"]) for name, table in manifest["tables"].items()}


def test_day_by_day_as_a_range_and_all_at_once_give_the_same_marts(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    ways = {name: Settings(data=tmp_path / name) for name in ("days", "range", "all")}
    for settings in ways.values():
        deliver(settings)
    for day in NIGHTS:
        run(ways["days"], instance, Days(day, day))
    run(ways["range"], instance, Days(FIRST, LAST))
    run(ways["all"], instance, None)
    found = {name: marts(settings) for name, settings in ways.items()}
    assert found["days"] == found["range"] == found["all"]
    assert found["all"]["mart_province_ranking"][0] > 0
    # Each of these days brought something; the lake of the first way holds a batch for each.
    batches = {
        name: len(list((settings.lake / "dossiers").glob("batch=*"))) for name, settings in ways.items()
    }
    assert batches == {"days": 1 + len(DELIVERIES), "range": 2, "all": 2}
