"""What every source's ingestion shares: what is new in landing, how a batch is named, and its manifest.

Here: comparing the landing folder with the lake, and files.parquet. Not here: reading files (`batch`,
`records`), and what became of them (`outcome`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.lake import (
    create_table,
    pending_folder,
    read_parquet,
    visible_batches,
    write_parquet,
)
from orchestration.ingest.landing import LandedFile, Scan
from orchestration.ingest.outcome import duplicate
from orchestration.ingest.problems import Problem
from orchestration.ingest.report import FILE_COLUMNS, FileOutcome
from orchestration.ingest.retract import apply_retractions, retractions


@dataclass(frozen=True)
class Delivery:
    """What a run finds: `new` files in order of delivery; copies, under another path, of content in the lake;
    landed files that changed; the rows of files.parquet in visible batches.
    """

    new: tuple[LandedFile, ...]
    known_again: tuple[FileOutcome, ...]
    changed: tuple[Problem, ...]
    manifest: list[dict[str, Any]]

    @property
    def first_copies(self) -> dict[str, LandedFile]:
        """By content: the new file that stands for it."""
        return {file.sha256: file for file in reversed(self.new)}


def look_for_new(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    source: str,
    scanned: Scan,
    mapping_of: Callable[[LandedFile], str],
) -> Delivery:
    """Compare what was scanned with the lake, after clearing what waits there and what was taken back."""
    if pending_folder(lake, source).exists():
        shutil.rmtree(pending_folder(lake, source))
    apply_retractions(lake, source)
    taken_back = {retraction.file_hash for retraction in retractions(lake, source)}
    folders = (lake / source / f"batch={batch}" for batch in visible_batches(lake, source))
    manifest = read_parquet(connection, [folder / "files.parquet" for folder in folders])
    offered = [file for file in scanned.files if file.sha256 not in taken_back]
    # Content of which nothing could be read is known by its path only: under a name that tells its format rightly
    # it may be readable, and must not be passed over. A copy does not make content known: the batch that holds its
    # rows may have been taken back for another file of it.
    known = {
        row["file_hash"]: row
        for row in manifest
        if row["status"] != "duplicate" and (row["rows_read"] or row["status"] == "accepted")
    }
    hash_of_path = {row["source_file"]: row["file_hash"] for row in manifest}
    new, again, changed = [], [], []
    for file in offered:
        before = hash_of_path.get(file.relative_path, file.sha256)
        if before != file.sha256:
            changed.append(_landed_file_changed(file))
        elif file.relative_path in hash_of_path:
            continue
        elif file.sha256 not in known:
            new.append(file)
        else:
            again.append(duplicate(file, known[file.sha256]["rows_read"], mapping_of(file)))
    return Delivery(tuple(new), tuple(again), tuple(changed), manifest)


def batch_id_of(hashes: Iterable[str]) -> str:
    """The same for the same set of contents, however they are named and how often they came."""
    return hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()[:16]


def write_manifest(connection: duckdb.DuckDBPyConnection, files: Sequence[FileOutcome], path: Path) -> None:
    """Write files.parquet."""
    create_table(connection, "file", FILE_COLUMNS)
    marks = ", ".join(f"${name}" for name in FILE_COLUMNS)
    for file in files:
        values = {**vars(file), "problems": [str(problem) for problem in file.problems]}
        values["reason_codes"] = list(file.reason_codes)
        connection.execute(f"insert into file values ({marks})", values)
    write_parquet(connection.table("file"), path)


def _landed_file_changed(file: LandedFile) -> Problem:
    return Problem(
        file=file.relative_path,
        reason_code="landed_file_changed",
        record="$",
        field="",
        found="other content than was ingested",
        expected="landed files never to change",
        action="put the old content back and land the new one under its own delivery date",
    )
