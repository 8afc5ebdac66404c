"""What batches say of themselves: the rows of their files.parquet, or that one is damaged.

Here: reading manifests, and what is asked of a single Parquet file of the lake. Not here: writing them (`new_files`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import duckdb

from orchestration.damage import DamagedError, Section
from orchestration.ingestion.lake import read_parquet, visible_batches

READ_AGAIN = (
    "move the folder of this batch out of the lake and keep it, then `make refresh`: what it held is read again from"
    " landing"
)
_NEEDED = ("source_file", "file_hash", "delivery_date", "sender", "status", "rows_read", "rows_accepted")

Manifests = Mapping[str, list[dict[str, Any]]]


def manifests(connection: duckdb.DuckDBPyConnection, lake: Path, source: str) -> Manifests:
    """The rows of files.parquet by visible batch. Raises DamagedError for one that cannot be read."""
    return read_manifests(
        connection, [lake / source / f"batch={batch}" for batch in visible_batches(lake, source)]
    )


def read_manifests(connection: duckdb.DuckDBPyConnection, folders: Collection[Path]) -> Manifests:
    """As `manifests`, of the batches in these folders."""
    paths = [folder / "files.parquet" for folder in folders]
    try:
        rows = read_parquet(connection, paths, with_name=True)
        is_whole = len({row["filename"] for row in rows if row.get("source_file")}) == len(paths)
    except (duckdb.Error, UnicodeDecodeError):
        is_whole = False
    if not is_whole:  # which of them is it, that names no file?
        rows = [row for path in paths for row in _manifest(connection, path)]
    found: dict[str, list[dict[str, Any]]] = {_batch_of(path): [] for path in paths}
    for row in rows:
        found[_batch_of(Path(row.pop("filename")))].append(row)
    return found


def _manifest(connection: duckdb.DuckDBPyConnection, path: Path) -> list[dict[str, Any]]:
    columns = set(ask(connection, "select distinct name from parquet_schema($paths)", path))
    if missing := [name for name in _NEEDED if (name,) not in columns]:
        raise DamagedError(
            path, f"no column {', '.join(missing)}", "the manifest of a batch", READ_AGAIN, Section.BATCH
        )
    ask(connection, "from read_parquet($paths)", path)
    return read_parquet(connection, [path], with_name=True)


def ask(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> list[tuple[Any, ...]]:
    """The answer to a query of one file, `$paths`. Raises DamagedError where it cannot be read."""
    try:
        return connection.execute(query, {"paths": [str(path)]}).fetchall()
    except (duckdb.Error, UnicodeDecodeError) as error:
        found = (
            "no such file" if not path.exists() else f"what is no whole Parquet file ({type(error).__name__})"
        )
        raise DamagedError(path, found, "the file as it was written", READ_AGAIN, Section.BATCH) from error


def _batch_of(path: Path) -> str:
    return path.parent.name.removeprefix("batch=")
