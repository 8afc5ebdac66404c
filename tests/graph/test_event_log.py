"""The event log over connections that stay open: what Dagster's own does, and no file is kept longer than it says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.defs.event_log import KeptSqliteEventLogStorage


@dg.op
def step() -> None: ...


@dg.job
def job() -> None:
    step()


def instance_in(home: Path, *, is_own: bool = False) -> dg.DagsterInstance:
    """On one folder: with our log, or with Dagster's."""
    home.mkdir(exist_ok=True)
    ours = "event_log_storage: {module: orchestration.defs.event_log, class: KeptSqliteEventLogStorage,"
    text = "" if is_own else f"{ours} config: {{base_dir: {home / 'history' / 'runs'}}}}}\n"
    (home / "dagster.yaml").write_text(text + "telemetry: {enabled: false}\n", encoding="utf-8")
    return dg.DagsterInstance.from_config(str(home))


def run_once(instance: dg.DagsterInstance) -> str:
    done = job.execute_in_process(instance=instance)
    assert done.success
    return done.run_id


def open_logs(home: Path) -> set[str]:
    """The databases below `home` that this process has open."""
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        try:
            path = os.readlink(number)
        except OSError:  # of the listing itself
            continue
        if path.startswith(str(home)) and path.endswith(".db"):
            found.add(Path(path).stem)
    return found


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance_in(tmp_path) as made:
        assert isinstance(made.event_log_storage, KeptSqliteEventLogStorage)
        yield made


def test_dagsters_own_log_goes_on_with_the_same_files_and_back(tmp_path: Path) -> None:
    runs: list[str] = []
    for is_own in (False, True, False):
        with instance_in(tmp_path, is_own=is_own) as made:
            assert isinstance(made.event_log_storage, KeptSqliteEventLogStorage) != is_own
            runs.append(run_once(made))
            logs = {run: [entry.dagster_event_type for entry in made.all_logs(run)] for run in runs}
        assert len(set(map(tuple, logs.values()))) == 1, "each run has the same events, whoever wrote them"
        assert dg.DagsterEventType.PIPELINE_SUCCESS in logs[runs[0]]


def test_of_many_runs_few_files_are_open(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    runs = [run_once(instance) for _ in range(12)]
    for run in runs:
        assert instance.all_logs(run)
    assert 1 <= len(open_logs(tmp_path) & set(runs)) <= 8


def test_after_it_is_let_go_of_no_file_is_open(tmp_path: Path) -> None:
    with instance_in(tmp_path) as made:
        run = run_once(made)
        assert run in open_logs(tmp_path)
    assert run not in open_logs(tmp_path)


def test_all_is_forgotten_and_what_comes_then_is_kept(instance: dg.DagsterInstance) -> None:
    before = run_once(instance)
    instance.event_log_storage.wipe()
    assert not instance.all_logs(before)
    assert instance.all_logs(run_once(instance))


def test_a_page_that_follows_a_run_sees_its_file_change(instance: dg.DagsterInstance) -> None:
    """Its time is what is watched, and WAL leaves it as it was."""
    run = run_once(instance)
    storage = instance.event_log_storage
    assert isinstance(storage, KeptSqliteEventLogStorage)
    path = Path(storage.path_for_shard(run))
    os.utime(path, (0, 0))
    entry = instance.all_logs(run)[-1]
    storage.store_event(entry)
    assert path.stat().st_mtime > 0
