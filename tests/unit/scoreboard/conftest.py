"""A small release made by hand, and its page.

Belongs here: making the page. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.scoreboard.page import draw
from orchestration.settings import Settings

SMALL = Path(__file__).parent / "small_release.sql"
_MARKED = (
    "update marts.mart_province_ranking set contains_synthetic = {}",
    "update marts.mart_official_reconciliation set contains_synthetic = {}",
    "update marts.mart_source_quality set contains_synthetic = {}",
)
#: Changes to the small release: nothing is synthetic.
REAL = tuple(update.format("false") for update in _MARKED)
#: A training or demonstration: the portal's file is synthetic, and genuine records lie beside it.
TRAINING = tuple(
    update.format(value) for update, value in zip(_MARKED, ("basis = 'portal'", "true", "false"), strict=True)
)


@pytest.fixture(scope="session")
def make_release(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write the Parquet and the manifest of the small release, after `changes` to its tables."""

    def make(release_id: str, *changes: str, previous: str | None = None) -> Path:
        folder = tmp_path_factory.mktemp("serving") / release_id
        (folder / "parquet").mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute(SMALL.read_text(encoding="utf-8"))
            for change in changes:
                connection.execute(change)
            tables = "select table_name from duckdb_tables() where schema_name = 'marts'"
            for (name,) in connection.execute(tables).fetchall():
                connection.execute(f"copy marts.{name} to '{folder}/parquet/{name}.parquet' (format parquet)")
        manifest = {
            "release_id": release_id,
            "previous": previous,
            "created_at": "2026-10-10T19:30:00+00:00",
            "contains_synthetic": True,  # of all inputs together: says nothing of any figure
            "gates": [
                {"suite": "release__mart_index", "table": "marts.mart_index", "checks": 3, "success": True}
            ],
        }
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        return folder

    return make


@pytest.fixture(scope="session")
def reference() -> Path:
    return Settings(data=Path()).reference


@pytest.fixture(scope="session")
def release(make_release: Callable[..., Path]) -> Path:
    return make_release("20261010T193000Z-small", previous="20261006T193000Z-before")


@pytest.fixture(scope="session")
def training(make_release: Callable[..., Path]) -> Path:
    """The portal's figures are synthetic, the records real."""
    return make_release("20261010T193000Z-training", *TRAINING)


@pytest.fixture(scope="session")
def before(make_release: Callable[..., Path]) -> Path:
    """The release before: of the 10th, it said another total of Gia Lai; it had no records."""
    return make_release(
        "20261006T193000Z-before",
        "update marts.mart_province_ranking set total_score = 65.00 where unit_code = '52' and as_of = '2026-10-10'",
        "delete from marts.mart_province_ranking where basis = 'records'",
    )


@pytest.fixture(scope="session")
def page_file(release: Path, before: Path, reference: Path) -> Path:
    """The page, at a path with a space and letters with accents."""
    path = release / "bảng điểm.html"
    path.write_text(draw(release, before, reference), encoding="utf-8")
    return path
