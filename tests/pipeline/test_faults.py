"""Nights on damaged state and on full disks: what is derived is made again, what is not is named, nobody is blamed.

Each ends, once there is room and what was lost is back, with the marts of a night that never had the trouble.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.defs.run_job import refresh
from orchestration.ingestion.lake import visible_batches
from orchestration.settings import Settings
from tests.data_folder import leftovers
from tests.pipeline.checksums import checksums
from tests.small_disk import small_disk
from tests.unit.ingestion.record_workplace import good
from tests.webhook import Hook

pytestmark = pytest.mark.slow

PORTAL = "portal_service_results"


def deliver(settings: Settings, day: str, first: int = 0) -> None:
    """Dossiers of a province, which others' figures do not rest on."""
    path = settings.landing / "dossiers" / day / "H19" / "synthetic.jsonl"
    path.parent.mkdir(parents=True)
    rows = [good("dossiers", number) for number in range(first, first + 200)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def published(settings: Settings) -> dict[str, Any]:
    manifest = json.loads((settings.serving / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["fingerprint"] for name, table in manifest["tables"].items()}


def copied(settings: Settings, folder: Path) -> Settings:
    shutil.copytree(settings.data, folder / "data", symlinks=True)
    return replace(settings, data=folder / "data")


@pytest.fixture(scope="module")
def undisturbed(
    installation: Settings, instance: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The night that never had the trouble."""
    settings = copied(installation, tmp_path_factory.mktemp("undisturbed"))
    deliver(settings, "2025-12-01")
    night(settings, instance)
    return settings


def night(settings: Settings, instance: dg.DagsterInstance) -> str:
    """A night that succeeds: what it says."""
    outcome = refresh(settings, instance)
    said = "\n".join(outcome.lines)
    assert outcome.success, said
    return said


def spoil(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\xff\x00" * 4000)


def test_all_that_is_derived_is_made_again_by_the_night_itself(
    installation: Settings, undisturbed: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    settings = copied(installation, tmp_path)
    deliver(settings, "2025-12-01")
    build = settings.build_database
    build.write_bytes(build.read_bytes()[: build.stat().st_size // 2])
    for name in ("build.duckdb.wal", "drift.duckdb", "drift.duckdb.wal", "raw_gate_dossiers.duckdb.wal"):
        spoil(settings.build / name)
    shutil.rmtree(settings.gates)
    spoil(settings.gates)
    for name in ("rows.parquet", "files.parquet"):
        spoil(settings.lake / "dossiers" / "batch=0000000000000000" / name)
    for name in ("partial_parse.msgpack", "manifest.json", "run_results.json"):
        spoil(settings.build / "dbt" / name)
    (settings.serving / "current").unlink()
    said = night(settings, instance)
    assert said.count(f"{build}: damaged (") == 1
    assert "removed, and built again from the lake" in said
    assert published(settings) == published(undisturbed)
    assert leftovers(settings.data) == []


def block_of(database: Path, table: str) -> int:
    """Where in the file a block lies that holds rows of a table. Three headers of 4 kB come first."""
    with duckdb.connect(str(database), read_only=True) as connection:
        query = "select max(block_id) from pragma_storage_info(?) where block_id >= 0"
        ((block,),) = connection.execute(query, [table]).fetchall()
        ((size,),) = connection.execute("select block_size from pragma_database_size()").fetchall()
    return 3 * 4096 + int(block) * int(size)


def test_damage_that_only_reading_shows_ends_in_the_same_marts(
    undisturbed: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    ways = [copied(undisturbed, tmp_path / name) for name in ("sound", "damaged")]
    place = block_of(ways[1].build_database, "core.core_dossiers__versions")
    with ways[1].build_database.open("r+b") as file:
        file.seek(place + 100)
        file.write(b"\xff" * 4000)
    duckdb.connect(str(ways[1].build_database)).close()  # it opens
    for way in ways:
        deliver(way, "2025-12-02", first=150)
    sound, damaged = (night(way, instance) for way in ways)
    assert "built again" not in sound
    assert "built again from the lake" in damaged
    assert "FAILED" not in damaged
    assert published(ways[0]) == published(ways[1])


def test_a_batch_that_lost_its_rows_refuses_the_night_and_is_read_again(
    installation: Settings, undisturbed: Settings, instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    settings = copied(installation, tmp_path)
    deliver(settings, "2025-12-01")
    before = checksums(settings.serving)
    (batch,) = visible_batches(settings.lake, PORTAL)
    folder = settings.lake / PORTAL / f"batch={batch}"
    (folder / "rows.parquet").unlink()
    for _ in range(2):  # it stays so until somebody acts
        outcome = refresh(settings, instance)
        said = "\n".join(outcome.lines)
        assert not outcome.success
        assert f"{folder}: found 0 rows; expected the 84 that its manifest says" in said
        assert checksums(settings.serving) == before
    assert visible_batches(settings.lake, "dossiers"), "what others delivered is admitted"
    alert = json.loads(settings.alerts_log.read_text(encoding="utf-8").splitlines()[-1])
    assert alert["what_to_do"] == "docs/runbook.md, section 'A batch of the lake is damaged'"

    shutil.move(folder, tmp_path / "kept")
    night(settings, instance)
    assert published(settings) == published(undisturbed)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook(200)
    yield made
    made.server.shutdown()


#: Which folder is full, how many bytes it still takes, and how large its disk is; whether there is room for alerts.
FULL = {
    "lake and alerts": ("lake", 0, 64, False),
    "build": ("build", 0, 256, True),
    "build, in dbt, and alerts": ("build", 3_000_000, 256, False),
    "serving": ("serving", 2_000_000, 256, True),
}


@pytest.mark.parametrize("full", FULL)
def test_a_full_disk_fails_the_night_and_costs_nothing_else(
    full: str,
    installation: Settings,
    undisturbed: Settings,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    hook: Hook,
) -> None:
    name, leaving, megabytes, has_alerts = FULL[full]
    settings = Settings(data=tmp_path / "data", alert_webhook=hook.url)
    with ExitStack() as disks:
        disk = disks.enter_context(small_disk(settings.data / name, megabytes))
        alerts = disks.enter_context(small_disk(settings.alerts_log.parent, 1))
        shutil.copytree(installation.data, settings.data, symlinks=True, dirs_exist_ok=True)
        deliver(settings, "2025-12-01")
        before = checksums(settings.serving)
        disk.fill(leaving)
        if not has_alerts:
            alerts.fill()
        outcome = refresh(settings, instance)
        said = "\n".join(outcome.lines)
        assert not outcome.success, said
        (settings.serving / ".filler").unlink(missing_ok=True)
        assert {
            path: sum_ for path, sum_ in checksums(settings.serving).items() if "/." not in path
        } == before
        assert not list((settings.quarantine / "dossiers").glob("*")), "no sender is to blame"
        # Webhook and log, as far as there is a way.
        told = [json.loads(body) for body in hook.bodies]
        assert [alert["what_to_do"] for alert in told] == [
            "docs/runbook.md, section 'Folders cannot be written'"
        ]
        assert told[0]["agencies"] == []
        if not has_alerts:
            assert "alerts.jsonl could not be written (No space left on device)" in said
            alerts.empty()
        else:
            assert len(settings.alerts_log.read_text(encoding="utf-8").splitlines()) == 1

        (disk.folder / ".filler").unlink(missing_ok=True)
        night(settings, instance)
        assert published(settings) == published(undisturbed)
        assert leftovers(settings.data) == []


def test_a_run_that_dagster_cannot_keep_is_alerted(
    installation: Settings, tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its settings are written again where they are damaged; the history of runs is not ours to make up."""
    settings = replace(copied(installation, tmp_path), alert_webhook=hook.url)
    home = tmp_path / "dagster"
    home.mkdir()
    spoil(home / "dagster.yaml")
    spoil(home / "history" / "runs.db")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    outcome = refresh(settings)
    assert not outcome.success
    assert outcome.lines[0] == "FAILED run"
    assert [json.loads(body)["what_to_do"] for body in hook.bodies] == [
        "docs/runbook.md, section 'Dagster's own storage is damaged'"
    ]
