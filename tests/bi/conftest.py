"""A server for all tests, a database, a serving folder and small releases for each.

Belongs here: making builds, releasing them, reading both sides. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.release import Provenance, Release, publish
from tests.bi.server import Server, running

MOMENT = datetime(2026, 10, 10, 1, 30, tzinfo=UTC)

#: What the build holds, each as columns and a query. `ind_publish_on_time` becomes a view.
SCORES = (
    "select basis, 'month' as period_type, unit_level, unit_code, metric_code, date '2026-10-01' as period_start,"
    " 0.1 + number as score from (values ('portal', 'province', '75'), ('records', 'commune', '21994'))"
    " as t(basis, unit_level, unit_code), (values ('PUBLISH_ON_TIME'), ('DOSSIER_SYNC')) as m(metric_code),"
    " (select {number} as number)"
)
SCORE_COLUMNS = (
    "basis varchar not null, period_type varchar not null, unit_level varchar not null, unit_code varchar not null,"
    " metric_code varchar not null, period_start date not null, score double"
)
KEYS = {
    "mart_indicator_scores": ("basis", "period_type", "period_start", "unit_code", "metric_code"),
    "dim_unit": ("unit_code", "valid_from"),
}


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.fixture
def url(server: Server) -> str:
    """Of an empty database."""
    return server.new_database(uuid.uuid4().hex)


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "kho dữ liệu's" / "serving"


@pytest.fixture
def release(serving: Path) -> Callable[..., Release]:
    """Serve release `number`, of which every figure is another; `more` are further tables, columns and query each."""

    def make(number: int = 1, more: Mapping[str, tuple[str, str]] | None = None) -> Release:
        build = serving.parent / "build.duckdb"
        build.parent.mkdir(parents=True, exist_ok=True)
        build.unlink(missing_ok=True)
        tables = {
            "dim_unit": (
                "unit_code varchar not null, name_vi varchar, valid_from date",
                f"values ('75', 'Đồng Nai {number}', date '2025-07-01'), ('21994', 'Xã Vân Canh', null)",
            ),
            "mart_indicator_scores": (SCORE_COLUMNS, SCORES.format(number=number)),
            **(more or {}),
        }
        with duckdb.connect(build) as connection:
            connection.execute("create schema marts")
            for name, (columns, query) in tables.items():
                connection.execute(f"create table marts.{name} ({columns}); insert into marts.{name} {query}")
                connection.execute(f"comment on table marts.{name} is 'Grain: what''s in {name}'")
            connection.execute(
                "comment on column marts.dim_unit.name_vi is 'Tên, \"in\" Vietnamese\n100 % of it'"
            )
            connection.execute(
                "create view marts.ind_publish_on_time as"
                " from marts.mart_indicator_scores where metric_code = 'PUBLISH_ON_TIME'"
            )
        evidence = Provenance(
            inputs=({"source": "portal", "batch": f"b{number}", "files": [], "rows": 1},),
            gates=({"suite": "release__x", "table": "x", "success": True, "checks": 1},),
            code={},
            versions={},
            keys=KEYS,
        )
        return publish(build, serving, evidence, "{release_id}", MOMENT + timedelta(seconds=number))

    return make
