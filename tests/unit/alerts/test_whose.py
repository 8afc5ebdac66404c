"""Whose data an alert is about: what checks say of it as data, whatever their messages tell.

Belongs here: the agencies of an alert, from the events of a real run. Does not belong here: what an alert says and where
it goes (`test_alerts.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from expectations.gate import CheckResult, GateResult
from orchestration.alerts import Alert
from orchestration.dbt_failing_rows import failing_rows
from orchestration.defs.alerts import alert_of
from orchestration.defs.gate_results import AGENCIES, agencies_of, as_check, senders_of
from orchestration.defs.models import with_failing_rows
from orchestration.settings import Settings

FILE = "dossiers/2025-12-02/H21/a.jsonl"


@dg.asset
def built() -> None:
    """What is judged."""


def verdict(*rows: Mapping[str, object], success: bool = False) -> GateResult:
    check = CheckResult("sql", "Rows of H98 are right", "H99 sent others", success, "found", len(rows), rows)
    return GateResult("release__mart_index", "marts.mart_index", success, (check,))


def alert(result: dg.AssetCheckResult | Exception) -> Alert | None:
    @dg.asset_check(asset=built, name="release__mart_index")
    def gate() -> dg.AssetCheckResult:
        if isinstance(result, Exception):
            raise result
        return result

    with dg.DagsterInstance.ephemeral() as instance:
        ran = dg.Definitions([built], asset_checks=[gate]).resolve_implicit_global_asset_job_def()
        events = ran.execute_in_process(instance=instance, raise_on_error=False).all_events
    return alert_of(events, "r1", datetime.now(UTC))


@pytest.mark.parametrize(
    ("rows", "agencies"),
    [
        ([{"sender": "H19", "worst_file": FILE}, {"sender": "nation"}], ["H19", "nation"]),
        ([{"source_file": FILE, "agency_code": "H19.95"}], ["H19.95", "H21"]),
        ([{"unit_code": "75", "name_vi": "H20"}, {"unit_code": None}], ["75"]),
        ([{"source_file": None, "rows_found": 3}], []),
    ],
)
def test_rows_name_agencies_in_their_columns(rows: list[Mapping[str, object]], agencies: list[str]) -> None:
    assert agencies_of(rows) == agencies
    told = alert(as_check([verdict(*rows), verdict(success=True)]))
    assert told is not None
    assert told.agencies == tuple(agencies), "and nobody whom the words name"
    assert "H98" in told.text and "H99" in told.text


def test_senders_of_files_that_were_refused_with_those_of_the_rows_are_named_too() -> None:
    told = alert(as_check([verdict({"sender": "H19"})], senders_of([FILE])))
    assert told is not None and told.agencies == ("H19", "H21")


def test_a_file_outside_its_place_is_nobodys() -> None:
    assert senders_of([FILE, "dossiers", "dossiers/a.jsonl", "dossiers/2025-12-02/a.jsonl"]) == ["H21"]


def test_an_error_of_a_step_is_of_no_agency() -> None:
    told = alert(RuntimeError(f"{FILE}: found H19, expected H20"))
    assert told is not None
    assert told.agencies == ()
    assert FILE in told.text


def test_what_passed_concerns_nobody() -> None:
    assert alert(as_check([verdict(success=True)])) is None


def test_a_failed_dbt_test_tells_its_rows_and_whose_they_are(tmp_path: Path) -> None:
    """As dbt leaves them: 22 rows in a table of their own, named by its manifest."""
    settings = Settings(data=tmp_path)
    (settings.build / "dbt").mkdir(parents=True)
    nodes = {name: {"relation_name": f'"build"."test_failures"."{name}"'} for name in ("broken", "not_run")}
    (settings.build / "dbt" / "manifest.json").write_text(json.dumps({"nodes": nodes}), encoding="utf-8")
    with duckdb.connect(str(settings.build_database)) as connection:
        connection.execute(
            "create schema test_failures; create table test_failures.broken as"
            " select 'H' || n as agency_code, n, null as empty from range(10, 32) as numbers(n)"
        )
    told = with_failing_rows(settings, dg.AssetCheckResult(passed=False, metadata={"unique_id": "broken"}))
    lines = str(told.description).splitlines()
    assert lines[0] == '22 rows fail in "build"."test_failures"."broken":'
    assert lines[1] == "agency_code=H10  n=10"
    assert lines[-1] == "... and 17 more"
    assert len(lines) == 7
    assert told.metadata["failing_rows"].value == 22
    assert told.metadata[AGENCIES].value == [f"H{n}" for n in range(10, 30)]
    assert str(failing_rows(settings, "not_run")) == "the test itself could not be run; see build/run.log"
