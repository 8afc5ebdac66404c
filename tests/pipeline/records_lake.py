"""A small lake of records in exactly the shape of its contracts, and one dbt build on it.

Belongs here: how rows become Parquet, and how dbt is called. Does not belong here: what any test asserts.
"""

from __future__ import annotations

import atexit
import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.ingestion.contracts import RECORD_SOURCES
from orchestration.ingestion.portal.run import ensure_dataset
from orchestration.ingestion.report import FILE_COLUMNS

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = REPOSITORY / "dbt_project"

Row = Mapping[str, Any]


def literal(value: Any) -> str:
    """A value as SQL; lists and mappings become lists and structs."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"'{key}': {literal(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    return "'" + str(value).replace("'", "''") + "'"


def write(data: Path, dataset: str, rows: Iterable[Row], batch: str = "0000000000000001") -> None:
    """Write rows of a dataset as one batch; columns that a row lacks are null, lists empty. No rows: schema alone.

    `delivery_date`, `sender` and `file_hash` may be given by a row; each row counts as a record of its file.
    """
    columns = RECORD_SOURCES[dataset].row_columns
    lines = []
    for number, row in enumerate(rows, start=1):
        defaults = {
            "source_file": f"{dataset}/{batch}.jsonl",
            "delivery_date": "2025-12-01",
            "sender": "H19",
            "record_no": number,
        }
        defaults.update({name: [] for name, kind in columns.items() if kind.endswith("[]")})
        unknown = set(row) - set(columns)
        assert not unknown, f"{dataset}: no such columns {unknown}"
        values = {**defaults, **row}
        values.setdefault("file_hash", f"{batch} {values['sender']}{values['delivery_date']}")
        lines.append(
            "select " + ", ".join(f"cast({literal(values.get(n))} as {k}) as {n}" for n, k in columns.items())
        )
    save(data, dataset, " union all by name ".join([_no_rows(dataset), *lines]), batch)


def _no_rows(dataset: str) -> str:
    columns = RECORD_SOURCES[dataset].row_columns
    return "select " + ", ".join(f"cast(null as {k}) as {n}" for n, k in columns.items()) + " where false"


#: The manifest of a batch: the files that its rows name, by default one a sender and day.
_MANIFEST = """
select
    '{dataset}' as source, '{dataset}/' || delivery_date || '/' || sender || '/' || file_hash as source_file,
    file_hash, delivery_date, sender, 'accepted' as status,
    count(*) as rows_read, count(*) as rows_accepted
from rows
group by file_hash, delivery_date, sender
"""


def save(data: Path, dataset: str, query: str, batch: str = "0000000000000001", manifest: str = "") -> None:
    """Write the result of a query as one batch of a dataset, with its manifest: that of its rows, unless given."""
    folder = data / "lake" / dataset / f"batch={batch}"
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"create table rows as {query}")
        connection.execute(f"copy rows to '{folder / 'rows.parquet'}' (format parquet)")
        connection.execute(
            f"create table file ({', '.join(f'{name} {kind}' for name, kind in FILE_COLUMNS.items())})"
        )
        made = manifest or _MANIFEST.format(dataset=dataset, batch=batch)
        connection.execute(f"insert into file by name {made}")
        connection.execute(f"copy file to '{folder / 'files.parquet'}' (format parquet)")


def deliver_nothing(data: Path, dataset: str, sender: str, day: str, status: str = "accepted") -> None:
    """A file without a row, which is a delivery all the same, unless it was refused."""
    name = hashlib.sha256(f"{sender} {day}".encode()).hexdigest()[:16]
    manifest = (
        f"select '{dataset}' as source, '{dataset}/{day}/{sender}/empty' as source_file, '{name}' as file_hash,"
        f" '{day}' as delivery_date, '{sender}' as sender, '{status}' as status, 0 as rows_read, 0 as rows_accepted"
    )
    save(data, dataset, _no_rows(dataset), name, manifest)


def empty_lake(data: Path) -> None:
    """Every dataset without a row, as a new installation has it before the first delivery."""
    for dataset in RECORD_SOURCES:
        write(data, dataset, [], batch="0000000000000000")
    ensure_dataset(data / "lake")
    (data / "build").mkdir(parents=True, exist_ok=True)


@cache
def _workplace() -> Path:
    folder = tempfile.mkdtemp(prefix="builds-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def _place_of(project: Path) -> Path:
    made = _workplace() / hashlib.sha256(str(project).encode()).hexdigest()[:8]
    made.mkdir()
    return made


@cache
def _manifest(project: Path) -> Manifest:
    """A project, parsed once a process. Its sources lie in a folder that is a link to whatever lake is built."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SERVICE_INDEX_DATA", str(_workplace() / "data"))
        done = dbtRunner().invoke(["--quiet", "parse", *_of(project), *_places(_place_of(project))])
    assert done.success and isinstance(done.result, Manifest), done.exception
    return done.result


@cache
def _seeded(project: Path) -> Path:
    """A build database with all seeds, and nothing else in it."""
    data = _place_of(project) / "seeded"
    (data / "build").mkdir(parents=True)
    _invoke(data, ["seed"], project)
    return data / "build" / "build.duckdb"


def build(data: Path, *arguments: str, command: str = "build", project: Path = PROJECT) -> None:
    """Run dbt on a lake, in this process and without unit tests. Raises AssertionError where a model or test fails."""
    database = data / "build" / "build.duckdb"
    if not database.exists():
        database.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_seeded(project), database)
    selection = ["--exclude-resource-type", "unit_test", "seed"] if command == "build" else []
    _invoke(data, [command, *selection, *arguments], project)


def _invoke(data: Path, arguments: Iterable[str], project: Path) -> None:
    link = _workplace() / "data"
    link.unlink(missing_ok=True)
    link.symlink_to(data)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SERVICE_INDEX_DATA", str(data))
        try:
            done = dbtRunner(manifest=_manifest(project).deepcopy()).invoke([
                "--quiet", "--log-level", "none", "--no-use-colors", "--no-write-json", "--log-level-file", "none",
                *arguments, *_of(project), *_places(data),
            ])  # fmt: skip
        finally:
            DuckDBConnectionManager.close_all_connections()
    failed = [
        f"{result.node.name}: {result.message}"
        for result in getattr(done.result, "results", [])
        if result.status not in ("success", "pass", "warn")
    ]
    assert done.success, "\n".join([str(done.exception or ""), *failed])


def _of(project: Path) -> list[str]:
    return ["--project-dir", str(project), "--profiles-dir", str(project)]


def _places(folder: Path) -> list[str]:
    return ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs")]
