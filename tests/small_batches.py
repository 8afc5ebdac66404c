"""A batch of the lake as far as its manifest says. Belongs here: what tests write in place of a run that read a file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.ingestion.lake import create_table, write_parquet
from orchestration.ingestion.report import FILE_COLUMNS


def write_batch(lake: Path, source_file: str, size_bytes: int) -> None:
    """A batch of the lake, made of this file."""
    rows = {"source_file": source_file, "size_bytes": size_bytes}
    with duckdb.connect() as connection:
        create_table(connection, "file", FILE_COLUMNS)
        connection.execute(
            "insert into file by name select $source_file as source_file, $size_bytes as size_bytes", rows
        )
        write_parquet(
            connection.table("file"),
            lake / source_file.split("/", 1)[0] / "batch=0123456789abcdef" / "files.parquet",
        )
