"""Thirty-four provinces deliver into one folder, and are ranked against each other: the real job, on what one of them
does to bend a figure.

Belongs here: what is served afterwards, and who hears of it. Does not belong here: which rows are refused
(`tests/unit/ingestion/test_rights.py`).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.defs.run_job import Outcome, refresh
from orchestration.ingestion.landing import PORTAL
from orchestration.settings import Settings
from tests.pipeline.deliveries import encoded, province
from tests.unit.ingestion.record_workplace import as_lines, good

pytestmark = pytest.mark.slow


def deliver(settings: Settings, source: str, sender: str, content: bytes, day: str = "2025-12-01",
            name: str = "a.jsonl") -> Path:  # fmt: skip
    path = settings.landing / source / day / sender / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def served(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(settings.serving / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def said(outcome: Outcome) -> str:
    return "\n".join(outcome.lines)


RANKING = """
select unit_code, total_score, rank from marts.mart_province_ranking where basis = 'portal'
qualify as_of = max(as_of) over (partition by period_type) order by all
"""


def test_a_forged_snapshot_ranks_nobody(
    copy_of_installation: Settings, instance: dg.DagsterInstance, payload: dict[str, Any]
) -> None:
    settings = copy_of_installation
    before = served(settings, RANKING)
    province(payload)["totalScore"] += 4.47
    deliver(settings, PORTAL, "H19", encoded(payload), "2026-10-11", "results.json")
    deliver(settings, PORTAL, "somebody", encoded(payload), "2026-10-11", "results.json")
    outcome = refresh(settings, instance)
    assert outcome.success, said(outcome)
    assert "found a snapshot of the nation from H19" in said(outcome)
    assert (
        "found sender somebody, expected a sender of portal_service_results: each province, nation"
        in said(outcome)
    )
    assert served(settings, RANKING) == before
    alert = json.loads(settings.alerts_log.read_text(encoding="utf-8").splitlines()[-1])
    assert alert["kind"] == "delivery_refused"
    assert "H19" in alert["agencies"]


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Settings:
    """H19 and H20 delivered one dossier each, both of them early, and a catalogue; nobody may change its folders."""
    settings = Settings(data=tmp_path_factory.mktemp("honest"), hash_key=b"0123456789abcdefghijklmnopqrstuv")
    early = {"NgayHenTra": "20250708170000", "NgayTra": "20250707100000", "NgayKetThucXuLy": "20250707090000"}
    for sender in ("H19", "H20"):
        row = good("dossiers", MaHoSo=f"{sender}.95-250701-0001", **early)
        deliver(settings, "dossiers", sender, as_lines([row]))
    deliver(settings, "procedures", "nation", as_lines([good("procedures")]))
    units = [
        good("unit_catalogue", agency_code=f"{sender}.95", unit_level="department", name_vi="Sở Y tế", state_code="",
             parent_agency_code=sender)
        for sender in ("H19", "H20")
    ]  # fmt: skip
    deliver(settings, "unit_catalogue", "nation", as_lines(units))
    outcome = refresh(settings, instance)
    assert outcome.success, said(outcome)
    return settings


HEADLINE = """
select unit_code, sum(dossiers_received), sum(early), sum(overdue) from marts.mart_service_headline
where basis = 'records' and unit_level = 'province' and dossiers_received > 0 group by all order by all
"""


def test_what_others_say_of_a_province_changes_nothing(
    honest: Settings, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """H20 makes H19's dossier late, adds one, and renames its department; a stranger takes it back. H18 copies H20's
    file into its own folder first. H20's own new dossier in the same file counts all the same."""
    shutil.copytree(honest.data, tmp_path / "data", symlinks=True)
    settings = Settings(data=tmp_path / "data", hash_key=honest.hash_key)
    before = served(settings, HEADLINE)
    late = {"NgayTra": "20250920100000", "NgayKetThucXuLy": "20250920090000"}
    forged = [
        good("dossiers", MaHoSo="H19.95-250701-0001", **late),
        good("dossiers", MaHoSo="000.00.95.H19-250701-0009", **late),
        good("dossiers", MaHoSo="H20.95-250702-0002"),
    ]
    deliver(settings, "dossiers", "H20", as_lines(forged), "2025-12-02")
    deliver(settings, "dossiers", "H18", as_lines(forged), "2025-12-02")
    deliver(settings, "dossiers", "a-stranger", as_lines(forged[:1]), "2025-12-02")
    renamed = good("unit_catalogue", agency_code="H19.95", unit_level="department", name_vi="Sở khác", state_code="",
                   parent_agency_code="H19", valid_from="20250801")  # fmt: skip
    deliver(settings, "unit_catalogue", "H20", as_lines([renamed]), "2025-12-02")
    progress = good("progress", MaHoSo="H19.95-250701-0001", TrangThai="8", ThoiDiemXuLy="20250930080000")
    deliver(settings, "progress", "H20", as_lines([progress]), "2025-12-02")
    outcome = refresh(settings, instance)
    assert outcome.success, said(outcome)
    assert "WARNING own_agencies on ingestion/dossiers_batch" in said(outcome)
    assert "2 of 3 rows are of agencies for which H20 may not deliver (it may for H20)" in said(outcome)
    assert "3 of 3 rows are of agencies for which H18 may not deliver (it may for H18)" in said(outcome)
    after = served(settings, HEADLINE)
    ours = [row for row in before if row[0] == "75"]
    assert ours and [row for row in after if row[0] == "75"] == ours
    (then,) = (row for row in before if row[0] != "75")
    (now,) = (row for row in after if row[0] != "75")
    assert now[1] == 2 * then[1], "H20's second dossier is its own"
    names = served(settings, "select distinct name_vi from marts.dim_unit where name_vi in ('Sở khác')")
    assert names == []


def test_a_broken_export_keeps_out_its_sender_alone(
    honest: Settings, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    shutil.copytree(honest.data, tmp_path / "data", symlinks=True)
    settings = Settings(data=tmp_path / "data", hash_key=honest.hash_key)
    bad = [good("dossiers", number, TrangThaiHoSo="99") for number in range(10, 30)]
    fine = [good("dossiers", number) for number in range(30, 60)]
    deliver(settings, "dossiers", "H19", as_lines(bad), "2025-12-02")
    deliver(settings, "dossiers", "H19", as_lines(fine), "2025-12-02", "b.jsonl")
    deliver(
        settings, "dossiers", "H20", as_lines([good("dossiers", MaHoSo="H20.95-250702-0002")]), "2025-12-02"
    )
    deliver(settings, "dossiers", "H21", b"\x00 no records \xff" * 50, "2025-12-02")
    for _ in range(2):  # the second night offers them again, and says so again
        outcome = refresh(settings, instance)
        assert outcome.success, said(outcome)
        listed = said(outcome).split("all else was:")[1].split("raw__files")[0].split("\n")[1:-1]
        assert [line.strip() for line in listed] == [
            "- dossiers/2025-12-02/H19/a.jsonl", "- dossiers/2025-12-02/H19/b.jsonl", "- dossiers/2025-12-02/H21/a.jsonl",
        ]  # fmt: skip
        counts = dict(served(settings, "select unit_code, max(dossiers_received) from marts.mart_service_headline"
                                       " where basis = 'records' and unit_level = 'province' group by all"))  # fmt: skip
        assert sorted(count for count in counts.values() if count) == [1, 2]
        alert = json.loads(settings.alerts_log.read_text(encoding="utf-8").splitlines()[-1])
        assert alert["agencies"] == ["H19", "H21"]
    corrected = [good("dossiers", number) for number in range(10, 30)]
    deliver(settings, "dossiers", "H19", as_lines(corrected), "2025-12-03")
    outcome = refresh(settings, instance)
    counts = dict(served(settings, "select unit_code, max(dossiers_received) from marts.mart_service_headline"
                                   " where basis = 'records' and unit_level = 'province' group by all"))  # fmt: skip
    assert counts["75"] == 51, said(outcome)
