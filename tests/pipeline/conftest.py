"""One real run on the real samples, shared; and copies of what it left, for tests that go on from there.

Belongs here: installations. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration.defs.run_job import refresh
from orchestration.settings import Settings
from tests.pipeline.deliveries import eleventh_of_october
from tests.recovery.nights import shared
from tests.three_samples import land_three_samples

Query = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance) -> Path:
    """An empty installation, the samples landed, the job run: once for all workers.

    `data` is where it ran, where dbt goes on without parsing all models again: the tests of one module, `test_refresh`,
    work on it. `copy` is for all others.
    """

    def make(folder: Path) -> None:
        settings = Settings(data=folder / "data")
        land_three_samples(settings)
        outcome = refresh(settings, instance)
        assert outcome.success, "\n".join(outcome.lines)
        (folder / "first_lines.txt").write_text("\n".join(outcome.lines), encoding="utf-8")
        shutil.copytree(settings.data, folder / "copy", symlinks=True)

    return shared(tmp_path_factory, "first_run", make)


@pytest.fixture(scope="session")
def installation(first_run: Path) -> Settings:
    """What the first run left, for reading only."""
    return Settings(data=first_run / "copy")


@pytest.fixture(scope="session")
def first_lines(first_run: Path) -> str:
    """What the first run printed."""
    return (first_run / "first_lines.txt").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def query(installation: Settings) -> Iterator[Query]:
    """Rows of the served release, read as BI tools read it."""
    with duckdb.connect(str(installation.serving / "warehouse.duckdb"), read_only=True) as connection:

        def run(sql: str, *values: object) -> list[tuple[Any, ...]]:
            return connection.execute(sql, list(values)).fetchall()

        yield run


@pytest.fixture
def copy_of_installation(installation: Settings, tmp_path: Path) -> Settings:
    """The same installation, free to be changed."""
    shutil.copytree(installation.data, tmp_path / "data", symlinks=True)
    return Settings(data=tmp_path / "data")


@pytest.fixture
def payload() -> dict[str, Any]:
    """The portal's payload of 10 October, captured a day later, to be changed by the test."""
    return eleventh_of_october()
