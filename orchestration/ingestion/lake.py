"""The lake: `<lake>/<source>/batch=<id>/*.parquet`, append-only, one folder a batch.

Here: which batches are visible, how one becomes visible, and how Parquet is written. Not here:
what a batch holds (`run`), and whether it may become visible, which the raw gate says.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from orchestration.atomic_files import replacing

PENDING = ".pending"
_WORK = ".work-"
#: Holds no rows: it gives `batch=*/rows.parquet` a schema before the first delivery.
EMPTY_BATCH = "0" * 16
#: So many rows are handed to the engine in one statement.
ROWS_A_STATEMENT = 10_000
Columns = Mapping[str, str]
"""Column names and their DuckDB types, in order."""


def connect() -> duckdb.DuckDBPyConnection:
    """A private in-memory database: in UTC, and never looking for extensions on the network.

    One thread, because the order in which threads finish must not show in the bytes of a file.
    """
    connection = duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False})
    connection.execute("set TimeZone = 'UTC'")
    return connection


def write_parquet(query: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write `query` atomically; the same rows in the same order give the same bytes."""
    with replacing(path) as temporary:
        query.write_parquet(str(temporary), compression="zstd")


def read_parquet(
    connection: duckdb.DuckDBPyConnection, paths: list[Path], *, with_name: bool = False
) -> list[dict[str, Any]]:
    """The rows of the files as dictionaries by column, null what an older file has not; `with_name`, also of the file."""
    if not paths:
        return []
    query = (
        f"from read_parquet($paths, hive_partitioning = false, union_by_name = true, filename = {with_name})"
    )
    cursor = connection.execute(query, {"paths": [str(path) for path in paths]})
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def create_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Columns, *, is_shared: bool = False
) -> None:
    """Make, or empty, table `name`: of this connection only, or shared with its cursors."""
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create or replace {'' if is_shared else 'temp'} table {name} ({declared})")


def insert(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Columns, rows: Sequence[Mapping[str, object]]
) -> None:
    """Insert `rows` into table `name` with these columns: a statement for many, as each takes a millisecond."""
    kind = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    for first in range(0, len(rows), ROWS_A_STATEMENT):
        some = [{column: row[column] for column in columns} for row in rows[first : first + ROWS_A_STATEMENT]]
        query = f"insert into {name} select unnest(row) from (select unnest(?::struct({kind})[]) as row)"
        connection.execute(query, [some])


def write_empty_batch(lake: Path, source: str, tables: Mapping[str, Columns]) -> Path:
    """Make the empty batch of `source`, one zero-row file a table; does nothing if it is there with these columns.

    Readers take the union of all columns by name, so that it gives older batches the columns they lack.
    """
    target = lake / source / f"batch={EMPTY_BATCH}"
    with connect() as connection:
        for name, columns in tables.items():
            create_table(connection, "empty", columns)
            path = target / f"{name}.parquet"
            if not path.exists() or not _has_columns_of_empty(connection, path):
                write_parquet(connection.table("empty"), path)
    return target


def _has_columns_of_empty(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    shape = "select column_name, column_type from (describe {})"
    read = "from read_parquet($path, hive_partitioning = false)"
    try:
        written = connection.execute(shape.format(read), {"path": str(path)}).fetchall()
    except duckdb.Error:  # damaged: written once more
        return False
    return written == connection.execute(shape.format("from empty")).fetchall()


def visible_batches(lake: Path, source: str) -> tuple[str, ...]:
    """The ids of the batches that readers see, sorted, without the empty one."""
    names = (path.name.removeprefix("batch=") for path in (lake / source).glob("batch=*"))
    return tuple(sorted(name for name in names if _is_batch_id(name) and name != EMPTY_BATCH))


def pending_folder(lake: Path, source: str) -> Path:
    """Where batches of `source` wait for their gate. Within the lake, so that a rename suffices."""
    return lake / PENDING / source


def work_folder(lake: Path, source: str, name: str) -> Path:
    """A new folder for what a run reads, unpacked and in the clear: for its owner alone."""
    work = pending_folder(lake, source) / f"{_WORK}{name}"
    work.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(mode=0o700)
    return work


def remove_work_files(lake: Path) -> None:
    """Remove what killed runs left. Nobody may be at work."""
    for work in (lake / PENDING).glob(f"*/{_WORK}*"):
        shutil.rmtree(work)


def promote(lake: Path, source: str, batch_id: str) -> Path:
    """Make a pending batch visible, by one rename. Does nothing if it is visible already.

    Raises ValueError for what is no batch id, FileNotFoundError if no such batch is pending.
    """
    if not _is_batch_id(batch_id):
        raise ValueError(f"{batch_id!r} is not a batch id (16 hexadecimal digits)")
    target = lake / source / f"batch={batch_id}"
    pending = pending_folder(lake, source) / target.name
    if target.exists():
        shutil.rmtree(pending, ignore_errors=True)
        return target
    if not pending.is_dir():
        raise FileNotFoundError(f"no pending batch {batch_id} of {source} in {lake}")
    target.parent.mkdir(parents=True, exist_ok=True)
    pending.replace(target)
    return target


def _is_batch_id(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{16}", text) is not None
