"""`DBT_*` of the operator's shell does not reach dbt, whoever calls it.

Belongs here: dagster-dbt's way and that of `bin/run`. Does not belong here: what dbt does (`tests/pipeline`).
"""

from __future__ import annotations

import json
import os
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest
from dagster_dbt import DbtCliResource

from orchestration.defs import resources
from orchestration.settings import REPOSITORY, Settings

OF_THE_SHELL = {
    "DBT_TARGET": "prod", "DBT_PROFILE": "other", "DBT_PROFILES_DIR": "/nowhere", "DBT_PROJECT_DIR": "/nowhere",
    "DBT_FULL_REFRESH": "1", "DBT_VARS": "{as_of: 2020-01-01}", "DBT_EXCLUDE": "dim_calendar", "DBT_DEFER": "1",
    "DBT_STATE": "/nowhere", "DBT_EMPTY": "1", "DBT_ENGINE_TARGET": "prod", "DBT_INDIRECT_SELECTION": "empty",
    "DBT_WARN_ERROR": "1", "DBT_LOG_LEVEL": "none", "DBT_TARGET_PATH": "/nowhere",
}  # fmt: skip


#: A project of one model, which dbt parses at once.
PROJECT = {
    "dbt_project.yml": "{name: one, profile: one}",
    "profiles.yml": "{one: {target: build, outputs: {build: {type: duckdb, path: ':memory:'}}}}",
    "models/dim_calendar.sql": "select 1 as one",
}


def called(folder: Path, monkeypatch: pytest.MonkeyPatch) -> DbtCliResource:
    """dbt as a run calls it; what that leaves in the environment goes with the test."""
    for name in ("SERVICE_INDEX_DATA", "SERVICE_INDEX_DBT", "SERVICE_INDEX_DBT_VERSION"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    for name, text in PROJECT.items():
        file = folder / "dbt_project" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return resources.dbt(Settings(data=folder / "data", repository=folder))


def test_dagster_calls_dbt_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in OF_THE_SHELL.items():
        monkeypatch.setenv(name, value)
    dbt = called(tmp_path, monkeypatch)
    assert [name for name in os.environ if name.startswith("DBT_")] == []
    listed = ["ls", "--select", "dim_calendar", "--resource-type", "model"]
    assert dbt.cli(listed, target_path=tmp_path / "target").wait().is_successful()
    assert "one.dim_calendar" in capsys.readouterr().out


def test_dbt_is_not_started_to_say_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster asks for it in each run; dbt would ask the registry whether there is a newer one."""
    dbt = called(tmp_path, monkeypatch)
    monkeypatch.setenv("SERVICE_INDEX_DBT", "/nowhere/dbt")
    said = subprocess.run([dbt.dbt_executable, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout == f"{version('dbt-core')}\n"
    assert not (tmp_path / "data").exists(), "nor is its lock waited for"


def test_a_program_of_the_project_gets_nothing_of_it() -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [REPOSITORY / "bin" / "run", "python", "-c", show],
        env={**os.environ, **OF_THE_SHELL}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    handed_on = {name: value for name, value in json.loads(done.stdout).items() if name.startswith("DBT_")}
    assert handed_on == {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
