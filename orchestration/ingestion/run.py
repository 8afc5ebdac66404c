"""One run of ingestion, of any source: what is new in landing becomes one pending batch of the lake.

Scan, find new files, read them to rows and problems, decide on each file, quarantine, write. Here: that order, what a
source's reader leaves behind for it, and the quarantine. Not here: reading (`portal.run`, `records.run`), what is new
(`new_files`), what becomes of a file (`file_status`), and whether the batch becomes visible: after its gate has passed,
someone calls `lake.promote`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from orchestration.ingestion.file_status import ReadBy, outcomes, results
from orchestration.ingestion.lake import create_table, pending_folder, write_parquet
from orchestration.ingestion.landing import LandedFile, Scan
from orchestration.ingestion.new_files import Delivery, find_new_files, write_manifest
from orchestration.ingestion.problems import Problem
from orchestration.ingestion.report import FileOutcome, IngestReport

#: What a reader leaves behind in tables of the connection: each row that it read, good or bad, also in table `row_read`
#: or a view of that name; those of them that say the same as another one of the run in `repeated`; and what is wrong.
#: Of a problem `record_no` is null where it is the whole file's; `severity` is error, which refuses the row or file,
#: aside, which leaves a part out, or note. `row_text` is of the row or the part, masked. Table `moment` has the
#: moment that a capture says it is of.
ROW_KEY = {"file_hash": "varchar", "record_no": "bigint"}
PROBLEM_COLUMNS = {
    **ROW_KEY,
    "record": "varchar",
    "severity": "varchar",
    "reason_code": "varchar",
    "field": "varchar",
    "found": "varchar",
    "expected": "varchar",
    "action": "varchar",
    "row_text": "varchar",
}
_QUARANTINE_SQL = """
select
    $file as file, reason_code, record, field, found, expected, action, severity,
    file_hash, $delivered::date as delivery_date, row_text
from problem
where file_hash = $hash
order by record_no nulls first, severity desc, field, reason_code, expected
"""


@dataclass(frozen=True)
class Read:
    """What a reader left behind, besides its tables."""

    #: Writes the accepted rows of these files into a folder, as `rows*.parquet`.
    write_rows: Callable[[Sequence[FileOutcome], Path], None]
    #: Why a content gave nothing though it is not known to be bad (ADR 0020): the next run reads it again.
    unread: Mapping[str, Problem]
    #: Contents whose good rows are left out as well, where a later delivery corrects the file.
    wholes: Collection[str] = ()


def make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables that every reader fills, empty."""
    create_table(connection, "problem", PROBLEM_COLUMNS)
    create_table(connection, "repeated", ROW_KEY)
    create_table(connection, "moment", {"file_hash": "varchar", "captured_at": "timestamptz"})


def refuse(connection: duckdb.DuckDBPyConnection, sha256: str, problem: Problem) -> None:
    """Add what is wrong with a content as such."""
    row = {**vars(problem), "file_hash": sha256, "record_no": None, "severity": "error", "row_text": None}
    values = [row[name] for name in PROBLEM_COLUMNS]
    connection.execute(f"insert into problem values ({', '.join('?' for _ in values)})", values)


def ingest_new_files(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    lake: Path,
    quarantine: Path,
    scanned: Scan,
    read_by: Callable[[LandedFile], ReadBy],
    read: Callable[[Delivery], Read],
    key: str | None = None,
) -> IngestReport:
    """Write `<lake>/.pending/<source>/batch=<id>/{rows*,files}.parquet`, and one file of `<quarantine>/<source>/` for
    each content with problems; nothing if nothing is new. `read` gets what is new, `key` is as in `find_new_files`.
    """
    delivery = find_new_files(connection, lake, source, scanned, read_by, key)
    nothing = IngestReport(source, None, None, (), (*scanned.problems, *delivery.changed))
    if not delivery.new and not delivery.already_ingested:
        return nothing
    done = read(delivery)
    unread = done.unread
    first_copies = {sha256: file for sha256, file in delivery.first_copies.items() if sha256 not in unread}
    if not first_copies and not delivery.already_ingested:
        return replace(nothing, unread=tuple(unread.values()))
    files = outcomes(
        [file for file in delivery.new if file.sha256 not in unread],
        scanned.files,
        delivery.manifest,
        results(connection, first_copies),
        read_by,
        first_copies,
        done.wholes,
    )
    # What came again adds no row, and shows all the same that its sender delivered: the manifest names it.
    files = (*files, *delivery.already_ingested)
    batch_id = delivery.batch_id(without=unread)
    pending = pending_folder(lake, source)
    # Renamed when it is whole.
    target, temporary = pending / f"batch={batch_id}", pending / f".batch={batch_id}"
    _write_quarantine(connection, first_copies.values(), quarantine / source)
    done.write_rows(files, temporary)
    write_manifest(connection, files, temporary / "files.parquet")
    temporary.replace(target)
    return replace(nothing, batch_id=batch_id, pending_dir=target, files=files, unread=tuple(unread.values()))


def _write_quarantine(
    connection: duckdb.DuckDBPyConnection, files: Collection[LandedFile], folder: Path
) -> None:
    """One file a content with problems, replacing what an earlier run found in the same content."""
    found = connection.execute("select distinct file_hash from problem").fetchall()
    with_problems = {file_hash for (file_hash,) in found}
    for file in files:
        path = folder / f"{file.sha256}.parquet"
        if file.sha256 not in with_problems:
            path.unlink(missing_ok=True)
            continue
        values = {"file": file.relative_path, "hash": file.sha256, "delivered": file.delivery_date}
        write_parquet(connection.sql(_QUARANTINE_SQL, params=values), path)
