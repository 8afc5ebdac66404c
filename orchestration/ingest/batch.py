"""One run of ingestion: what is new in the landing folder becomes one pending batch of the lake.

Here: which files are new, what becomes of each, and what is written. Not here: how a file is read
and judged (`json_document`, the source's module), and whether the batch becomes visible: after its
gate has passed, someone calls `promote`.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingest.json_document import MAX_BYTES, read_json_object
from orchestration.ingest.lake import (
    connect,
    create_table,
    pending_folder,
    promote,
    read_parquet,
    visible_batches,
    write_empty_batch,
    write_parquet,
)
from orchestration.ingest.landing import LandedFile, read_landed, scan
from orchestration.ingest.outcome import duplicate, outcomes, verdicts
from orchestration.ingest.portal_service_results import (
    MAPPING,
    ROW_COLUMNS,
    SOURCE,
    prepare,
    read_documents,
)
from orchestration.ingest.problems import Problem
from orchestration.ingest.report import FILE_COLUMNS, FileOutcome, IngestReport
from orchestration.ingest.retract import apply_retractions, retractions

__all__ = ["FILE_COLUMNS", "ROW_COLUMNS", "SOURCE", "FileOutcome", "IngestReport", "ensure_dataset",
           "ingest", "promote", "visible_batches"]  # fmt: skip

#: Documents are read together up to this size, so that memory stays flat as their number grows.
CHUNK_BYTES = 16 * 1024 * 1024

#: Accepted rows. Ordered by content, so that the names of files do not show in the order.
_ROWS_SQL = """
from typed
where file_hash in (select unnest($sources))
    and (file_hash, record_no) not in (
        select (file_hash, record_no) from problem
        where severity = 'error' and record_no is not null
    )
order by file_hash, record_no
"""
#: A quarantine file: the columns of `Problem`, then whose it is and the row or element, masked.
_QUARANTINE_SQL = """
select
    $file as file, reason_code, record, field, found, expected, action, severity,
    $hash as file_hash, $delivered::date as delivery_date,
    coalesce(masked_json(element), row_text) as row_text
from problem
left join record_text using (file_hash, record_no)
where file_hash = $hash
order by record_no nulls first, severity desc, field, reason_code, expected
"""


def ensure_dataset(lake: Path) -> Path:
    """Make the empty batch of this source, so that `batch=*/rows.parquet` always has a schema."""
    return write_empty_batch(lake, SOURCE, {"rows": ROW_COLUMNS, "files": FILE_COLUMNS})


def ingest(landing: Path, lake: Path, quarantine: Path, reference: Path) -> IngestReport:
    """Read every landed file whose content is in no visible batch and not retracted, into one pending batch.

    Writes `<lake>/.pending/<source>/batch=<id>/{rows,files}.parquet`, and one file of
    `<quarantine>/<source>/` for each content with problems; nothing if nothing is new. `reference`
    is the folder of the seeds. Bad input is reported, never raised; raises OSError where the
    folders themselves cannot be read or written, duckdb.IOException without the reference files.
    """
    if pending_folder(lake, SOURCE).exists():
        shutil.rmtree(pending_folder(lake, SOURCE))
    apply_retractions(lake, SOURCE)
    taken_back = {retraction.file_hash for retraction in retractions(lake, SOURCE)}
    scanned = scan(landing, SOURCE)
    with connect() as connection:
        folders = (lake / SOURCE / f"batch={batch}" for batch in visible_batches(lake, SOURCE))
        manifest = read_parquet(connection, [folder / "files.parquet" for folder in folders])
        offered = [file for file in scanned.files if file.sha256 not in taken_back]
        new, again, changed = _compare(offered, manifest)
        landing_problems = (*scanned.problems, *changed)
        if not new:
            return IngestReport(SOURCE, None, None, (), again, landing_problems)
        first_copies = {file.sha256: file for file in reversed(new)}
        prepare(connection, reference)
        _read(connection, first_copies.values(), new)
        found = verdicts(connection, first_copies)
        files = outcomes(new, scanned.files, manifest, found, MAPPING)
        batch_id = _batch_id(first_copies)
        _write_quarantine(connection, first_copies.values(), quarantine / SOURCE)
        pending = _write_batch(connection, files, pending_folder(lake, SOURCE), batch_id)
    return IngestReport(SOURCE, batch_id, pending, files, again, landing_problems)


def _batch_id(hashes: Iterable[str]) -> str:
    """The same for the same set of contents, however they are named and how often they came."""
    return hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()[:16]


def _compare(
    files: Sequence[LandedFile], manifest: list[dict[str, Any]]
) -> tuple[list[LandedFile], tuple[FileOutcome, ...], list[Problem]]:
    """New files; copies, under another path, of content in the lake; landed files that changed."""
    known = {row["file_hash"]: row for row in manifest}
    hash_of_path = {row["source_file"]: row["file_hash"] for row in manifest}
    new, again, changed = [], [], []
    for file in files:
        before = hash_of_path.get(file.relative_path, file.sha256)
        if before != file.sha256:
            changed.append(_landed_file_changed(file))
        elif file.sha256 not in known:
            new.append(file)
        elif file.relative_path not in hash_of_path:
            again.append(duplicate(file, known[file.sha256]["rows_read"], MAPPING))
    return new, tuple(again), changed


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


def _read(
    connection: duckdb.DuckDBPyConnection, files: Iterable[LandedFile], new: Sequence[LandedFile]
) -> None:
    """Fill `typed` and `problem` with what the files hold, a chunk of documents at a time."""
    last_delivery = {file.sha256: file.delivery_date for file in new}  # new is in order of delivery
    waiting = 0
    for file in files:
        data = read_landed(file, MAX_BYTES)
        text = data if isinstance(data, Problem) else read_json_object(file.relative_path, data)
        if isinstance(text, Problem):
            _, reason, record, field, found, expected, action = astuple(text)
            connection.execute(
                "insert into problem values (?, null, ?, 'error', ?, ?, ?, ?, ?, null)",
                [file.sha256, record, reason, field, found, expected, action],
            )
            continue
        if waiting + len(text) > CHUNK_BYTES:
            read_documents(connection)
            waiting = 0
        waiting += len(text)
        connection.execute(
            "insert into document values (?, ?, ?, ?, ?, ?)",
            [file.sha256, file.relative_path, file.delivery_date, last_delivery[file.sha256],
             file.sender, text],
        )  # fmt: skip
    read_documents(connection)


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection, files: Iterable[LandedFile], folder: Path
) -> None:
    """One file a content with problems, replacing what an earlier run found in the same content."""
    for file in files:
        path = folder / f"{file.sha256}.parquet"
        if connection.execute(
            "select count(*) from problem where file_hash = ?", [file.sha256]
        ).fetchone() == (0,):
            path.unlink(missing_ok=True)
            continue
        values = {"file": file.relative_path, "hash": file.sha256, "delivered": file.delivery_date}
        write_parquet(connection.sql(_QUARANTINE_SQL, params=values), path)


def _write_batch(
    connection: duckdb.DuckDBPyConnection,
    files: tuple[FileOutcome, ...],
    pending: Path,
    batch_id: str,
) -> Path:
    """Write the batch aside, then rename it, so that a pending batch is always a whole one."""
    target, aside = pending / f"batch={batch_id}", pending / f".batch={batch_id}"
    # A superseded file gives no rows: the delivery that mends it does.
    sources = [file.file_hash for file in files if file.status in ("accepted", "partly_quarantined")]
    write_parquet(connection.sql(_ROWS_SQL, params={"sources": sources}), aside / "rows.parquet")
    create_table(connection, "file", FILE_COLUMNS)
    for file in files:
        values = {**vars(file), "problems": [str(problem) for problem in file.problems]}
        values["reason_codes"] = list(file.reason_codes)
        marks = ", ".join(f"${name}" for name in FILE_COLUMNS)
        connection.execute(f"insert into file values ({marks})", values)
    write_parquet(connection.table("file"), aside / "files.parquet")
    aside.replace(target)
    return target
