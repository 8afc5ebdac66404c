"""A pending batch without some of its files: what a gate refuses of one sender must not keep out the others.

Here: writing the rest as a batch of its own, and what must be left out with a file. Not here: which files are refused
(the raw gate), and why. What is left out is in no batch, so that the next run reads it again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Collection, Sequence
from pathlib import Path

import duckdb

from orchestration.ingestion.file_status import key_of
from orchestration.ingestion.lake import connect, pending_folder, read_parquet, write_parquet


def leave_out(lake: Path, source: str, batch: str, files: Collection[str]) -> str | None:
    """Replace a pending batch by one without `files` (paths below landing); None where nothing is left of it.

    The id is that of the batch and what it lacks. Rows of a large file lie in a file of their own, which is taken over
    as it is.
    """
    pending = pending_folder(lake, source)
    whole = pending / f"batch={batch}"
    rest = hashlib.sha256("\n".join([batch, *sorted(files)]).encode()).hexdigest()[:16]
    target, temporary = pending / f"batch={rest}", pending / f".batch={rest}"
    with connect() as connection:
        kept = _without(connection, whole / "files.parquet", files)
        if connection.sql("select count(*) from kept", alias="counted").fetchone() == (0,):
            shutil.rmtree(whole)
            return None
        write_parquet(kept, temporary / "files.parquet")
        for rows in sorted(whole.glob("rows*.parquet")):
            left = _without(connection, rows, files)
            if rows.name == "rows.parquet":
                write_parquet(left, temporary / rows.name)
            elif connection.sql("select count(*) from kept").fetchone() != (0,):
                (temporary / rows.name).hardlink_to(rows)
    temporary.replace(target)
    shutil.rmtree(whole)
    return rest


def superseded_by(
    connection: duckdb.DuckDBPyConnection, manifests: Sequence[Path], files: Collection[str]
) -> set[str]:
    """The files that these manifests call superseded by one of `files`: without their correction they stand for
    themselves again, so that the next run judges them.
    """
    rows = read_parquet(connection, [*manifests])
    corrected = {key_of(row) for row in rows if row["source_file"] in files}
    return {row["source_file"] for row in rows if row["status"] == "superseded" and key_of(row) in corrected}


def _without(
    connection: duckdb.DuckDBPyConnection, path: Path, files: Collection[str]
) -> duckdb.DuckDBPyRelation:
    """The rows of a file of the batch that come from none of `files`; also as view `kept`."""
    query = "from read_parquet($path, hive_partitioning = false) where not list_contains($files, source_file)"
    left = connection.sql(query, params={"path": str(path), "files": list(files)})
    left.create_view("kept", replace=True)
    return left
