"""Whatever is selected in Dagster's UI: it comes to what a night does, or is refused with a sentence (ADR 0032).

Belongs here: runs of a part of the graph. Does not belong here: selections of dbt's models alone (`any_clicks`).
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.defs.graph import build_defs
from orchestration.defs.ingestion import batch_key, lake_key
from orchestration.defs.release import RELEASE
from orchestration.defs.release_gates import HOLD, RELEASE_SUITES
from orchestration.defs.run_job import QUIET, refresh
from orchestration.ingestion.catalogue import pending_batches
from orchestration.ingestion.lake import visible_batches
from orchestration.settings import Settings
from orchestration.sources import source_named
from tests.pipeline.checksums import checksums
from tests.pipeline.clicks import click, errors
from tests.pipeline.deliveries import eleventh_of_october, encoded, land

pytestmark = pytest.mark.slow

PORTAL = source_named("portal_service_results")
REFUSED = "has not built every table and run every dbt test"


def refresh_job() -> dg.JobDefinition:
    """The job of the installation that the environment names, as a process of Dagster finds it."""
    return build_defs(Settings.from_environment()).resolve_job_def("refresh")


def is_of_models(name: str) -> bool:
    return name.partition("/")[0] in (
        "staging",
        "core",
        "intermediate",
        "marts",
        "reference",
    ) and not is_gate(name)


def is_gate(name: str) -> bool:
    return name.rpartition(":")[2] in (*RELEASE_SUITES, HOLD, "is_scored")


def is_release(name: str) -> bool:
    return name == RELEASE.to_user_string()


@pytest.fixture(scope="module")
def pending(
    installation: Settings, instance: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The delivery is read and not yet judged: somebody materialised that one asset."""
    settings = Settings(data=tmp_path_factory.mktemp("clicked") / "data")
    shutil.copytree(installation.data, settings.data, symlinks=True)
    land(settings, encoded(eleventh_of_october()), "2026-10-11")
    batch = batch_key(PORTAL).to_user_string()
    # With the checks that the asset makes itself.
    done = click(
        settings, instance, lambda name: name.split(":")[0] == batch and not name.endswith(":raw_gate")
    )
    assert done.success, errors(done.all_events)
    assert pending_batches(settings.lake, PORTAL.name)
    return settings


def test_a_batch_is_admitted_by_the_run_that_judged_it(
    pending: Settings, instance: dg.DagsterInstance
) -> None:
    before = visible_batches(pending.lake, PORTAL.name)
    done = click(pending, instance, lambda name: name == lake_key(PORTAL).to_user_string())
    assert not done.success
    told = errors(done.all_events)
    assert "the raw gate of this run has not passed batch" in told and "run the whole job `refresh`" in told
    assert visible_batches(pending.lake, PORTAL.name) == before


@pytest.fixture(scope="module")
def admitted(
    pending: Settings, instance: dg.DagsterInstance, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    """The delivery is in the lake, and no table knows of it: ingestion alone was materialised."""
    settings = Settings(data=tmp_path_factory.mktemp("admitted") / "data")
    shutil.copytree(pending.data, settings.data, symlinks=True)
    before = visible_batches(settings.lake, PORTAL.name)
    done = click(settings, instance, lambda name: name.startswith(("ingestion/", "portal/", "exchange/")))
    assert done.success, errors(done.all_events)
    assert len(visible_batches(settings.lake, PORTAL.name)) == len(before) + 1
    return settings


@pytest.mark.parametrize(
    "wanted",
    [
        lambda name: is_release(name) or is_gate(name),
        lambda name: is_release(name) or is_gate(name) or name.partition(":")[0] == "marts/mart_score_gap",
        lambda name: is_release(name) or is_gate(name) or (is_of_models(name) and ":" not in name),
    ],
    ids=["gates and release", "a mart besides", "every model and no dbt test"],
)
def test_a_release_of_other_tables_than_the_run_built_is_refused(
    admitted: Settings, instance: dg.DagsterInstance, wanted: Callable[[str], bool]
) -> None:
    """Before, the old build was published as made from what lies in the lake today, and no night had anything new."""
    before = checksums(admitted.serving)
    done = click(admitted, instance, wanted)
    assert not done.success
    assert REFUSED in errors(done.all_events) and "run the whole job `refresh`" in errors(done.all_events)
    assert checksums(admitted.serving) == before


def test_every_table_gate_and_release_come_to_what_a_night_does(
    admitted: Settings, instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run again from its failure does not: its gates passed in another run, of tables that may be others by now."""
    settings = Settings(data=tmp_path / "data")
    shutil.copytree(admitted.data, settings.data, symlinks=True)
    before = checksums(settings.serving)

    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as full:
        full.setattr("orchestration.defs.release.publish", fails)
        failed = click(
            settings, instance, lambda name: is_release(name) or is_gate(name) or is_of_models(name)
        )
        assert "no space left on device" in errors(failed.all_events)

    monkeypatch.setenv("SERVICE_INDEX_DATA", str(settings.data))
    again = dg.execute_job(
        dg.reconstructable(refresh_job),
        instance,
        run_config=QUIET,
        reexecution_options=dg.ReexecutionOptions.from_failure(failed.run_id, instance),
    )
    assert not again.success
    assert REFUSED in errors(again.all_events), errors(again.all_events)
    assert checksums(settings.serving) == before

    done = click(settings, instance, lambda name: is_release(name) or is_gate(name) or is_of_models(name))
    assert done.success, errors(done.all_events)
    night = refresh(settings, instance)
    assert night.success, "\n".join(night.lines)
    assert any("unchanged, already served" in line for line in night.lines)
    with duckdb.connect(str(settings.serving / "warehouse.duckdb"), read_only=True) as connection:
        query = "select cast(max(as_of) as varchar) from marts.mart_province_ranking"
        assert connection.execute(query).fetchall() == [("2026-10-11",)]
