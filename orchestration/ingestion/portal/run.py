"""The portal's payloads, read: documents in chunks, into the tables that a run of ingestion goes by.

Here: which file is read when, and what becomes of one at which the warehouse fails. Not here: the order of a run
(`ingestion.run`), and how a document is read and judged (`json_document`, `service_results`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb

from orchestration.ingestion.file_status import ReadBy
from orchestration.ingestion.formats.json_document import MAX_BYTES, read_json_object
from orchestration.ingestion.lake import connect, write_empty_batch, write_parquet
from orchestration.ingestion.landing import ALL_DAYS, PORTAL, Days, LandedFile, read_landed, scan
from orchestration.ingestion.new_files import Delivery
from orchestration.ingestion.portal.answers import is_answer, opened
from orchestration.ingestion.portal.contracts import SERVICE_RESULTS
from orchestration.ingestion.portal.service_results import MAPPING, prepare, read_documents
from orchestration.ingestion.problems import Problem
from orchestration.ingestion.report import FILE_COLUMNS, FileOutcome, IngestReport
from orchestration.ingestion.rights import Rights
from orchestration.ingestion.run import Read, ingest_new_files, refuse
from orchestration.ingestion.whose_fault import PASSING
from orchestration.ingestion.whose_fault import unread as problem_of

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
#: The contents that show the nation, which is of one piece; units of a province each stand for themselves (ADR 0008).
_WHOLES_SQL = """
select distinct file_hash from typed where scope in ('Provinces', 'ProvincesDetail')
"""


def ensure_dataset(lake: Path) -> Path:
    """Make the empty batch of this source, so that `batch=*/rows.parquet` always has a schema."""
    return write_empty_batch(lake, PORTAL, {"rows": SERVICE_RESULTS.row_columns, "files": FILE_COLUMNS})


def ingest(
    landing: Path, lake: Path, quarantine: Path, reference: Path, rights: Rights, days: Days = ALL_DAYS
) -> IngestReport:
    """Read every file delivered on `days` whose content is in no visible batch and not retracted, into one
    pending batch.

    As `ingest_new_files`. `reference` is the folder of the seeds, `rights` say who may deliver. Bad input is reported,
    never raised; raises OSError where the folders themselves cannot be read or written, duckdb.IOException without the
    reference files.
    """
    scanned = rights.of_agreed(scan(landing, PORTAL, days))
    agreed = (rights.of(sender, PORTAL) for sender in {file.sender for file in scanned.files})
    scopes = {scope.sender: scope for scope in agreed if scope is not None}

    def read_by(file: LandedFile) -> ReadBy:
        return ReadBy(MAPPING, str(scopes[file.sender]))

    with connect() as connection:

        def read(delivery: Delivery) -> Read:
            prepare(connection, reference, lake, scopes.values())
            unread = _read(connection, delivery.first_copies.values(), delivery.new)
            wholes = {file_hash for (file_hash,) in connection.execute(_WHOLES_SQL).fetchall()}

            def write_rows(files: Sequence[FileOutcome], folder: Path) -> None:
                sources = [file.file_hash for file in files if file.rows_accepted]
                accepted = connection.sql(_ROWS_SQL, params={"sources": sources})
                write_parquet(accepted, folder / "rows.parquet")

            return Read(write_rows, unread, wholes)

        return ingest_new_files(connection, PORTAL, lake, quarantine, scanned, read_by, read)


def _read(
    connection: duckdb.DuckDBPyConnection, files: Iterable[LandedFile], new: Sequence[LandedFile]
) -> dict[str, Problem]:
    """Fill `typed` and `problem` with what the files hold, a chunk of documents at a time.

    Gives the contents at which the warehouse fails, and those that were not as they had been scanned, by hash: they add
    nothing, and the next run reads them again.
    """
    last_delivery = {file.sha256: file.delivery_date for file in new}  # new is in order of delivery
    unread: dict[str, Problem] = {}
    waiting = 0
    for file in files:
        found = _document(file)
        if isinstance(found, Problem):
            if found.reason_code in PASSING:
                unread[file.sha256] = found
            else:
                refuse(connection, file.sha256, found)
            continue
        body, question = found
        if waiting + len(body) > CHUNK_BYTES:
            unread |= _read_waiting(connection)
            waiting = 0
        waiting += len(body)
        connection.execute(
            "insert into document values (?, ?, ?, ?, ?, ?, ?)",
            [file.sha256, file.relative_path, file.delivery_date, last_delivery[file.sha256],
             file.sender, body, question],
        )  # fmt: skip
    return unread | _read_waiting(connection)


def _document(file: LandedFile) -> tuple[str, str | None] | Problem:
    """The JSON object to be read, and of an answer of the interface itself its question."""
    data = read_landed(file, MAX_BYTES)
    text = data if isinstance(data, Problem) else read_json_object(file.relative_path, data)
    if isinstance(text, Problem) or not is_answer(text):
        return text if isinstance(text, Problem) else (text, None)
    return opened(file.relative_path, text)


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
