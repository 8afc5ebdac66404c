"""A workplace of its own for each test, and the real payloads to poison."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.portal.run import ingest
from orchestration.ingestion.report import IngestReport
from tests.all_may_deliver import EVERYONE

SEEDS = Path(__file__).parents[3] / "seeds"
SAMPLES = SEEDS / "samples" / "portal"
FILES = {
    "summary": "service_results_2026-09-26.json",
    "provinces": "service_results_2026-10-10.json",
    "units": "service_results_units_H21_2026-10-10.json",
}


@cache
def _parsed(kind: str) -> Any:
    return json.loads((SAMPLES / FILES[kind]).read_bytes())


@dataclass(frozen=True)
class Workplace:
    """The folders of one warehouse."""

    root: Path
    reference: Path = SEEDS / "reference"

    @property
    def landing(self) -> Path:
        return self.root / "landing"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def quarantine(self) -> Path:
        return self.root / "quarantine"

    def deliver(
        self, content: object, name: str = "a.json", day: str = "2026-10-10", sender: str = "nation"
    ) -> Path:
        """Write bytes, or anything else as JSON, to its place in the landing folder."""
        path = self.landing / PORTAL / date.fromisoformat(day).isoformat() / sender / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def ingest(self) -> IngestReport:
        return ingest(self.landing, self.lake, self.quarantine, self.reference, EVERYONE)

    def promote(self, report: IngestReport) -> Path:
        assert report.batch_id is not None
        return promote(self.lake, PORTAL, report.batch_id)

    def contents(self) -> dict[str, bytes]:
        """Every file below the workplace, by relative path."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {str(path.relative_to(self.root)): path.read_bytes() for path in files}


def read(query: str, *paths: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query, [str(path) for path in paths]).fetchall()


@pytest.fixture
def workplace(tmp_path: Path) -> Workplace:
    (tmp_path / "landing").mkdir()
    return Workplace(tmp_path)


@pytest.fixture(scope="session")
def new_workplace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Workplace]:
    """For tests that need several, or one for a whole module."""

    def make() -> Workplace:
        root = tmp_path_factory.mktemp("workplace")
        (root / "landing").mkdir()
        return Workplace(root)

    return make


@pytest.fixture(scope="session")
def payload() -> Callable[[str], Any]:
    """A fresh copy of a real payload: summary, provinces or units."""
    return lambda kind: copy.deepcopy(_parsed(kind))


@pytest.fixture(scope="session")
def sample() -> Callable[[str], bytes]:
    """The bytes of a real payload: summary, provinces or units."""
    return lambda kind: (SAMPLES / FILES[kind]).read_bytes()


@pytest.fixture(scope="session")
def parquet() -> Callable[..., list[tuple[Any, ...]]]:
    """Run a query whose `?` are paths, in a database of its own."""
    return read
