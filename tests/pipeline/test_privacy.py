"""Nothing personal outlives ingestion: not in the lake, and in nothing else that a night leaves behind.

The deliveries are hostile: personal data in every field, in rows that are accepted and in rows that are refused. The
first night is stopped by its gate, so that failing rows, a failed run and an alert are written too; the second is
released. Then every file of the installation but what landed is searched: as bytes, and as values where a format
packs them (Parquet, DuckDB, SQLite).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from orchestration.defs.run_job import refresh
from orchestration.ingestion.landing import land_file
from orchestration.settings import Settings
from tests.three_samples import land_three_samples
from tests.unit.ingestion.record_workplace import as_lines, good
from tests.unit.ingestion.test_records_privacy import PLANTED, REFUSED, SENTENCE, planted

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """An installation after two nights, Dagster's store within it."""
    root = tmp_path_factory.mktemp("hostile")
    made = Settings(data=root / "data", hash_key=b"no secret, but long enough")
    (made.data / "dagster").mkdir(parents=True)
    land_three_samples(made)
    refused = [planted(1), *(planted(n, **changed) for n, changed in enumerate(REFUSED, 2))]
    with dg.DagsterInstance.local_temp(str(made.data / "dagster")) as instance:
        first = deliver(made, root / "first.jsonl", [*refused, SENTENCE])
        stopped = refresh(made, instance)
        assert "Not admitted" in "\n".join(stopped.lines)
        first.unlink()
        # Enough good rows beside them that the bad ones are few.
        deliver(made, root / "second.jsonl", [*refused, *(good("dossiers", n) for n in range(100, 500))])
        released = refresh(made, instance)
        assert released.success, "\n".join(released.lines)
    return made


def deliver(settings: Settings, path: Path, records: list[object]) -> Path:
    path.write_bytes(as_lines(records))
    return land_file(path, settings.landing, "dossiers", date(2025, 12, 1), "H19")


def texts(path: Path) -> Iterator[str]:
    """What a file says: its bytes, and the values that its format packs."""
    yield path.read_bytes().decode("utf-8", "replace")
    if path.suffix == ".parquet":
        yield from values(f"select whole::varchar from read_parquet('{path}') as whole")
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            tables = connection.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            for schema, table in tables:
                yield from values(f'select whole::varchar from "{schema}"."{table}" as whole', connection)
    elif path.suffix == ".db":
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as store:
            yield "\n".join(store.iterdump())


def values(query: str, connection: duckdb.DuckDBPyConnection | None = None) -> Iterator[str]:
    rows = (connection or duckdb).execute(query)
    while chunk := rows.fetchmany(50_000):
        yield "\n".join(str(row) for (row,) in chunk)


def test_no_planted_person_is_in_any_file_of_the_installation(settings: Settings) -> None:
    searched: dict[str, int] = {}
    for path in sorted(settings.data.rglob("*")):
        if not path.is_file() or path.is_symlink() or settings.landing in path.parents:
            continue
        searched[path.suffix] = searched.get(path.suffix, 0) + 1
        for text in texts(path):
            assert [planted for planted in PLANTED if planted in text] == [], path
    # What must have been there to be searched: the lake, the build, the page, Dagster's store, logs, alerts.
    assert {".parquet", ".duckdb", ".html", ".db", ".log", ".jsonl", ".json"} <= set(searched)


def test_the_search_finds_what_is_there(settings: Settings, tmp_path: Path) -> None:
    """Of the files landed, which hold all of it, and of packed ones."""
    (landed,) = settings.landing.rglob("second.jsonl")
    whole = "".join(texts(landed))
    assert [text for text in PLANTED if text not in whole and text.lower() not in whole.lower()] == []
    duckdb.execute(f"copy (select ['{SENTENCE}'] as list) to '{tmp_path}/a.parquet'")
    with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
        connection.execute(f"create table t as select {{'a': '{SENTENCE}'}} as nested")
    with sqlite3.connect(tmp_path / "a.db") as store:
        store.execute("create table t (a text)")
        store.execute("insert into t values (?)", [SENTENCE])
    for name in ("a.parquet", "a.duckdb", "a.db"):
        assert SENTENCE in "".join(texts(tmp_path / name)), name
