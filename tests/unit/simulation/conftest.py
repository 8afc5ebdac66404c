"""One simulation at scale 0.01 and one reading of it, shared by all tests of the generator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from orchestration.simulation import SimulationReport, simulate
from tests.unit.simulation.reading import REFERENCE, computed


@dataclass(frozen=True)
class Simulated:
    report: SimulationReport
    landing: Path
    found: duckdb.DuckDBPyConnection

    def one(self, query: str) -> tuple:
        row = self.found.execute(query).fetchone()
        assert row is not None
        return row


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    landing = tmp_path_factory.mktemp("landing")
    report = simulate(landing, REFERENCE, 0.01, 1)
    with computed(landing) as found:
        yield Simulated(report, landing, found)
