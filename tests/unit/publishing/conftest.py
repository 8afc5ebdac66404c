"""A small build database, a serving folder, and what is served, seen from outside.

Belongs here: making builds and releases, and reading them back. Does not belong here: anything a test asserts.
The paths hold a space, a quote and Vietnamese letters, so that every test proves that they may.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.publishing.release import SCOREBOARD, Draw, Provenance, Release, publish

MOMENT = datetime(2026, 10, 10, 1, 30, tzinfo=UTC)
REPORT = "<h1>Release {release_id}</h1><p>All gates passed</p>"
PASSED = ({"suite": "release__mart_index", "table": "marts.mart_index", "success": True, "checks": 3},)

#: The schema `marts` of the build: one query a table.
MARTS: Mapping[str, str] = {
    "dim_unit": "select * from (values ('01', 'Hà Nội'), ('52', 'Gia Lai'), ('75', 'Đồng Nai')) as t(unit_code, name_vi)",
    "mart_index": (
        "select * from (values ('01', 'CKMB', 12.50), ('01', 'TOTAL', null), ('52', 'CKMB', 17.25))"
        " as t(unit_code, group_code, score)"
    ),
    "mart_province_ranking": (
        "select unit_code, rank::integer as rank, total_score::decimal(6, 2) as total_score, date '2026-10-10' as as_of"
        " from (values ('01', null, null), ('52', 2, 66.01), ('75', 1, 67.48)) as t(unit_code, rank, total_score)"
    ),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "kho dữ liệu's"


@pytest.fixture
def serving(home: Path) -> Path:
    return home / "serving"


@pytest.fixture
def make_build(home: Path) -> Callable[..., Path]:
    """Write the build database anew: `MARTS`, with tables replaced, added, or (None) left out."""

    def make(changes: Mapping[str, str | None] | None = None) -> Path:
        path = home / "build" / "build.duckdb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with duckdb.connect(path) as connection:
            connection.execute("create schema marts; create schema staging")
            connection.execute("create table staging.stg_portal__units as select 1 as secret")
            for name, query in {**MARTS, **(changes or {})}.items():
                if query is not None:
                    quoted = name.replace('"', '""')
                    connection.execute(f'create table marts."{quoted}" as {query}')
        return path

    return make


@pytest.fixture
def release_build(serving: Path) -> Callable[..., Release]:
    """Publish a build, `seconds` after a fixed moment; `draw` makes the scoreboard alone."""

    def release(
        build: Path,
        seconds: float = 0,
        *,
        batches: Sequence[str] = ("b1",),
        gates: Sequence[Mapping[str, Any]] = PASSED,
        draw: Draw | None = None,
        pages: Mapping[str, Draw] | None = None,
        **facts: Any,
    ) -> Release:
        inputs = [
            {"source": "portal", "batch": batch, "files": [f"{batch}.json"], "rows": 34} for batch in batches
        ]
        fields = {"code": {"revision": "abc123"}, "versions": {"duckdb": duckdb.__version__}, **facts}
        evidence = Provenance(inputs=inputs, gates=gates, **fields)
        pages = {SCOREBOARD: draw} if draw else pages
        return publish(build, serving, evidence, REPORT, MOMENT + timedelta(seconds=seconds), pages=pages)

    return release


@pytest.fixture
def tree() -> Callable[[Path], dict[str, str]]:
    """Every path below a folder with its checksum, or where the link leads; links are not followed."""

    def walk(folder: Path) -> dict[str, str]:
        found = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_symlink():
                found[name] = f"-> {os.readlink(path)}"
            elif path.is_dir():
                found[name] = "folder"
            else:
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    return walk


@pytest.fixture
def database_rows() -> Callable[..., dict[str, list[tuple[Any, ...]]]]:
    """Each mart with its rows, sorted; without the columns of `leaving_out`, and without the table `release`."""

    def read(database: Path, leaving_out: Sequence[str] = ()) -> dict[str, list[tuple[Any, ...]]]:
        with duckdb.connect(database, read_only=True) as connection:
            tables = connection.execute(
                "select table_name from information_schema.tables where table_schema = 'marts'"
                " and table_name <> 'release' order by table_name"
            ).fetchall()
            found = {}
            for (table,) in tables:
                quoted = 'marts."' + table.replace('"', '""') + '"'
                left = [name for name in leaving_out if name in connection.sql(f"from {quoted}").columns]
                columns = f"* exclude ({', '.join(left)})" if left else "*"
                found[table] = connection.execute(f"select {columns} from {quoted} order by all").fetchall()
            return found

    return read
