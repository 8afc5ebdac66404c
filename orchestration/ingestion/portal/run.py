"""One run of ingestion: what is new in the landing folder becomes one pending batch of the lake.

Here: which files are new, what becomes of each, and what is written. Not here: how a file is read
and judged (`json_document`, the source's module), and whether the batch becomes visible: after its
gate has passed, someone calls `promote`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, replace
from pathlib import Path

import duckdb

from orchestration.ingestion.file_status import ReadBy, outcomes, verdicts
from orchestration.ingestion.formats.json_document import MAX_BYTES, read_json_object
from orchestration.ingestion.lake import (
    connect,
    pending_folder,
    promote,
    visible_batches,
    write_empty_batch,
    write_parquet,
)
from orchestration.ingestion.landing import ALL_DAYS, Days, LandedFile, read_landed, scan
from orchestration.ingestion.new_files import find_new_files, write_manifest
from orchestration.ingestion.portal.service_results import (
    MAPPING,
    ROW_COLUMNS,
    SOURCE,
    prepare,
    read_documents,
)
from orchestration.ingestion.problems import Problem
from orchestration.ingestion.records.whose_fault import unread as problem_of
from orchestration.ingestion.report import FILE_COLUMNS, FileOutcome, IngestReport
from orchestration.ingestion.rights import Rights

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


def ingest(
    landing: Path, lake: Path, quarantine: Path, reference: Path, rights: Rights, days: Days = ALL_DAYS
) -> IngestReport:
    """Read every file delivered on `days` whose content is in no visible batch and not retracted, into one
    pending batch.

    Writes `<lake>/.pending/<source>/batch=<id>/{rows,files}.parquet`, and one file of
    `<quarantine>/<source>/` for each content with problems; nothing if nothing is new. `reference`
    is the folder of the seeds, `rights` say who may deliver. Bad input is reported, never raised; raises OSError
    where the folders themselves cannot be read or written, duckdb.IOException without the reference files.
    """
    scanned = rights.of_agreed(scan(landing, SOURCE, days))
    agreed = (rights.of(sender, SOURCE) for sender in {file.sender for file in scanned.files})
    scopes = {scope.sender: scope for scope in agreed if scope is not None}

    def read_by(file: LandedFile) -> ReadBy:
        return ReadBy(MAPPING, str(scopes[file.sender]))

    with connect() as connection:
        delivery = find_new_files(connection, lake, SOURCE, scanned, read_by)
        landing_problems = (*scanned.problems, *delivery.changed)
        nothing = IngestReport(SOURCE, None, None, (), delivery.already_ingested, landing_problems)
        if not delivery.new:
            return nothing
        prepare(connection, reference, lake, scopes.values())
        unread = _read(connection, delivery.first_copies.values(), delivery.new)
        first_copies = {
            sha256: file for sha256, file in delivery.first_copies.items() if sha256 not in unread
        }
        if not first_copies:
            return replace(nothing, unread=tuple(unread.values()))
        new = [file for file in delivery.new if file.sha256 not in unread]
        found = verdicts(connection, first_copies)
        below = _below_province(connection)
        files = outcomes(
            new, scanned.files, delivery.manifest, found, read_by, lambda file: file.sha256 in below
        )
        batch_id = delivery.batch_id(without=unread)
        _write_quarantine(connection, first_copies.values(), quarantine / SOURCE)
        pending = _write_batch(connection, files, pending_folder(lake, SOURCE), batch_id)
    return replace(
        nothing, batch_id=batch_id, pending_dir=pending, files=files, unread=tuple(unread.values())
    )


def _below_province(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The contents that show units of a province, of which each stands for itself (ADR 0008)."""
    query = "select distinct file_hash from typed where parent_agency_code is not null"
    return {file_hash for (file_hash,) in connection.execute(query).fetchall()}


def _read(
    connection: duckdb.DuckDBPyConnection, files: Iterable[LandedFile], new: Sequence[LandedFile]
) -> dict[str, Problem]:
    """Fill `typed` and `problem` with what the files hold, a chunk of documents at a time.

    Gives the contents at which the warehouse fails, by hash: they add nothing, and the next run reads them again.
    """
    last_delivery = {file.sha256: file.delivery_date for file in new}  # new is in order of delivery
    unread: dict[str, Problem] = {}
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
            unread |= _read_waiting(connection)
            waiting = 0
        waiting += len(text)
        connection.execute(
            "insert into document values (?, ?, ?, ?, ?, ?)",
            [file.sha256, file.relative_path, file.delivery_date, last_delivery[file.sha256],
             file.sender, text],
        )  # fmt: skip
    return unread | _read_waiting(connection)


def _read_waiting(connection: duckdb.DuckDBPyConnection) -> dict[str, Problem]:
    """Read the documents that wait together; where that fails, each alone: one must not end the run of the others."""
    try:
        _read_whole_or_not(connection)
    except duckdb.Error:
        return _read_each(connection)
    return {}


def _read_each(connection: duckdb.DuckDBPyConnection) -> dict[str, Problem]:
    """As `_read`, of what lies in `document`."""
    connection.execute("create or replace temp table waiting as from document; delete from document")
    unread = {}
    waiting = connection.execute("select file_hash, source_file from waiting order by all").fetchall()
    for sha256, path in waiting:
        connection.execute("insert into document from waiting where file_hash = ?", [sha256])
        try:
            _read_whole_or_not(connection)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is of this document: ADR 0020)
            connection.execute("delete from document")
            unread[sha256] = problem_of(path, error)
    connection.execute("drop table waiting")
    return unread


def _read_whole_or_not(connection: duckdb.DuckDBPyConnection) -> None:
    connection.begin()
    try:
        read_documents(connection)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


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
    """Write the batch, then rename it, so that a pending batch is always a whole one."""
    target, temporary = pending / f"batch={batch_id}", pending / f".batch={batch_id}"
    sources = [file.file_hash for file in files if file.rows_accepted]
    write_parquet(connection.sql(_ROWS_SQL, params={"sources": sources}), temporary / "rows.parquet")
    write_manifest(connection, files, temporary / "files.parquet")
    temporary.replace(target)
    return target
