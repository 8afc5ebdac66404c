"""Runs that have little or nothing to score: said in words, and nothing wrong is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.answers.screen import printed
from orchestration.defs.run_job import Outcome, refresh
from orchestration.report import report
from orchestration.settings import Settings
from orchestration.simulation.article import beside_article
from tests.unit.ingestion.record_workplace import as_lines, good

# Two runs of the whole job; what missing deliveries come to in each mart is in `test_records_missing`.
pytestmark = pytest.mark.slow


def dossier(year: int, number: int = 1, **other: Any) -> dict[str, Any]:
    """As of 2025, moved to a year; its moments are texts that begin with it."""
    record = {
        key: str(year) + value[4:] if key.startswith("Ngay") and value else value
        for key, value in good("dossiers", number).items()
    }
    return {**record, "DanhSachHoSoBoSung": [], **other}


def run_on(
    data: Path, instance: dg.DagsterInstance, **records: list[dict[str, Any]]
) -> tuple[Settings, Outcome]:
    settings = Settings(data=data)
    for source, rows in records.items():
        path = settings.landing / source / "2025-12-01" / "H19" / f"synthetic_{source}.jsonl"
        path.parent.mkdir(parents=True)
        path.write_bytes(as_lines(rows))
    return settings, refresh(settings, instance)


def test_days_without_scoring_rules_are_named_and_no_delivery_is_blamed(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    settings, outcome = run_on(
        tmp_path, instance, dossiers=[dossier(2012), dossier(2012, 2), dossier(2024, 3)]
    )
    told = "\n".join(outcome.lines)
    assert not outcome.success
    assert "no scoring rules for 2012-07-01 to 2012-07-01: 2 dossiers" in told, told
    assert "no scoring rules for 2024-07-01 to 2024-07-01: 1 dossiers" in told
    assert "add rows to seeds/reference/regimes.csv and scoring_rules.csv" in told
    assert "take it back" not in told and "Traceback" not in told
    assert [line for line in outcome.lines if line.startswith("FAILED")] == [
        "FAILED is_scored on marts/mart_index"
    ]
    assert "Nothing was published" in told
    assert not (settings.serving / "warehouse.duckdb").exists()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> tuple[Settings, Outcome]:
    """Dossiers of 2024 and 2025 and their progress, of one province, and nothing else; one without any deadline."""
    dossiers = [dossier(2025), dossier(2025, 2, NgayHenTra=""), dossier(2024, 3)]
    return run_on(tmp_path_factory.mktemp("alone"), instance, dossiers=dossiers, progress=[good("progress")])


def test_what_was_not_delivered_is_published_as_missing(alone: tuple[Settings, Outcome]) -> None:
    settings, outcome = alone
    assert outcome.success, "\n".join(outcome.lines)
    with duckdb.connect(str(settings.serving / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select rank, total_score, rank_reason from marts.mart_province_ranking"
            " where period_type = 'month' and period_start = '2025-07-01' and unit_code = '75'"
        ).fetchall()
    ((rank, total, reason),) = rows
    assert (rank, total) == (None, None)
    assert reason.startswith(
        "no figure for CKMB, MDHL, MDSH, ONLINE, TTTT (not_delivered: national_report_totals,"
    )
    assert json.loads((settings.serving / "manifest.json").read_text())["tables"]


def test_some_days_without_rules_are_a_warning(alone: tuple[Settings, Outcome]) -> None:
    told = "\n".join(alone[1].lines)
    assert "WARNING is_scored on marts/mart_index" in told
    assert "no scoring rules for 2024-07-01 to 2024-07-01: 1 dossiers" in told


def test_an_agency_whose_dossiers_lack_deadlines_is_named(alone: tuple[Settings, Outcome]) -> None:
    told = "\n".join(alone[1].lines)
    assert "WARNING mart_source_quality_most_dossiers_have_a_deadline" in told, told
    assert "agency_code=H19.95  sender=H19  system=H19  defect=no_deadline  dossiers=1" in told


def test_the_report_of_a_release_without_the_portal_says_so(alone: tuple[Settings, Outcome]) -> None:
    settings, _ = alone
    assert str(report(settings.serving).shown[0]).startswith("No ranking by the portal's own figures")
    from_records = beside_article(settings.serving)
    assert from_records is None or "-" in "\n".join(map(printed, from_records.shown))
