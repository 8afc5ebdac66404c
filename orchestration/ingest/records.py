"""One run of ingestion of a record source: what is new in landing becomes one pending batch of the lake.

Here: the order of work, and what it needs from outside: mappings, known agencies, the hash key. Not here: how
rows are read and judged (`staging`, `batch_rows` and below), what is new (`delivery`), and whether the batch becomes
visible: after its gate has passed, someone calls `promote`.
"""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import duckdb

from orchestration.ingest.batch_rows import BatchRows
from orchestration.ingest.delivery import look_for_new, write_manifest
from orchestration.ingest.lake import (
    connect,
    pending_folder,
    visible_batches,
    work_folder,
    write_empty_batch,
)
from orchestration.ingest.landing import ALL_DAYS, Days, LandedFile, Scan, scan
from orchestration.ingest.mapping import DEFAULT, SystemMapping, load_mappings
from orchestration.ingest.mapping_sql import mapping_macros
from orchestration.ingest.outcome import outcomes
from orchestration.ingest.personal import PERSONAL_SQL
from orchestration.ingest.problems import Problem
from orchestration.ingest.record_kinds import value_macros
from orchestration.ingest.record_types import RECORD_SOURCES, UNIT_CATALOGUE, RecordSource
from orchestration.ingest.report import FILE_COLUMNS, IngestReport
from orchestration.ingest.staging import OUR_DEFECT, EngineLostError, read_files
from orchestration.ingest.unit_identity import AGENCY_CODE_SQL

#: For synthetic data only, where nobody is to be protected; anyone can read it here.
SAMPLE_KEY = b"synthetic data only: this key protects nobody"
MIN_KEY_BYTES, MIN_DISTINCT_BYTES = 16, 8
#: Of the key that the lake's hashes were made with, what shows whether another is the same, and no more.
KEY_CHECK = ".hash-key-check"
#: Above this, DuckDB goes on in files below the pending folder.
MEMORY_LIMIT = "1500MB"


class HashKeyError(Exception):
    """No key, or one too short to protect a nine-digit number."""


def ensure_dataset(lake: Path, source: str) -> Path:
    """Make the empty batch of `source`, so that `batch=*/rows.parquet` always has a schema."""
    columns = RECORD_SOURCES[source].row_columns
    return write_empty_batch(lake, source, {"rows": columns, "files": FILE_COLUMNS})


def check_key(key: bytes, lake: Path) -> None:
    """Raises HashKeyError unless `key` can be used: strong enough, and the one that the hashes in `lake` are made with.

    The first key is remembered in the lake by a check value. `SAMPLE_KEY` is not: its hashes stand for nobody.
    """
    found = f"found a hash key of {len(key)} bytes, {len(set(key))} of them distinct"
    if len(key) < MIN_KEY_BYTES or len(set(key)) < MIN_DISTINCT_BYTES:
        raise HashKeyError(
            f"{found}, expected at least {MIN_KEY_BYTES} and {MIN_DISTINCT_BYTES}: set SERVICE_INDEX_HASH_KEY,"
            " always to the same random secret, or pass SAMPLE_KEY for synthetic data"
        )
    if key == SAMPLE_KEY:
        return
    path = lake / KEY_CHECK
    check = hmac.digest(key, b"check value of the hash key", "sha256").hex()
    if path.exists():
        if not hmac.compare_digest(path.read_text(encoding="ascii").strip(), check):
            raise HashKeyError(
                f"found another hash key than that of the hashes in {lake}, expected the same: one person would be two;"
                f" set SERVICE_INDEX_HASH_KEY to the former secret, or, to change it, do as docs/adr/0012 says"
            )
        return
    lake.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.part")
    aside.write_text(check + "\n", encoding="ascii")
    aside.replace(path)


def ingest_records(
    source: str,
    landing: Path,
    lake: Path,
    quarantine: Path,
    reference: Path,
    mappings: Path,
    key: bytes,
    days: Days = ALL_DAYS,
) -> IngestReport:
    """Read every file of `source` delivered on `days` that no visible batch names, into one pending batch.

    Writes `<lake>/.pending/<source>/batch=<id>/{rows*,files}.parquet`, and one file of `<quarantine>/<source>/`
    for each content with problems; nothing if nothing is new. `reference` is the folder of the seeds, `mappings`
    that of the mappings; identity numbers are hashed with `key`. Bad input is reported, never raised, and neither is
    what the readers raise at one file (ADR 0020). Raises KeyError for an unknown source, HashKeyError,
    MappingError, OSError or duckdb.IOException where our own folders cannot be read or written, and the latter
    without the reference files.
    """
    check_key(key, lake)
    known, senders = load_mappings(mappings)
    scanned = scan_own(landing, source, days)
    lost: dict[str, Problem] = {}

    def mapping_of(file: LandedFile) -> SystemMapping:
        return known[senders.get(file.sender, DEFAULT)]

    while True:
        try:
            return _ingest(
                RECORD_SOURCES[source], scanned, lake, quarantine, reference, mapping_of, key, lost
            )
        except EngineLostError as error:
            if error.sha256 is None:
                raise
            lost[error.sha256] = error.problem  # all again, without this file


def _ingest(
    source: RecordSource,
    scanned: Scan,
    lake: Path,
    quarantine: Path,
    reference: Path,
    mapping_of: Callable[[LandedFile], SystemMapping],
    key: bytes,
    lost: Mapping[str, Problem],
) -> IngestReport:
    """As `ingest_records`, but for the contents `lost`, of which is known why they cannot be read in this run."""

    def label_of(file: LandedFile) -> str:
        return mapping_of(file).label

    with connect() as connection, ExitStack() as leaving:
        delivery = look_for_new(connection, lake, source.name, scanned, label_of, source.columns[0].name)
        landing_problems = (*scanned.problems, *delivery.changed)
        nothing = IngestReport(source.name, None, None, (), (), landing_problems)
        if not delivery.new and not delivery.known_again:
            return nothing
        pending = pending_folder(lake, source.name)
        work = work_folder(lake, source.name, delivery.batch_id())
        # It must not outlive the run, whatever ends that.
        leaving.callback(shutil.rmtree, work, ignore_errors=True)
        set_limits(connection, work)
        values = value_macros(_known_agencies(connection, reference, lake))

        def prepare(cursor: duckdb.DuckDBPyConnection, mapping: SystemMapping) -> None:
            cursor.execute("set TimeZone = 'UTC'")
            cursor.execute(PERSONAL_SQL + mapping_macros(mapping, key) + values)

        to_read = [(f, mapping_of(f)) for sha256, f in delivery.first_copies.items() if sha256 not in lost]
        staged = read_files(connection, source, work, to_read, prepare)
        for sha256, problem in lost.items():
            (staged.unread if problem.reason_code == OUR_DEFECT else staged.unreadable)[sha256] = problem
        unread = staged.unread
        first_copies = {
            sha256: file for sha256, file in delivery.first_copies.items() if sha256 not in unread
        }
        if not first_copies and not delivery.known_again:
            return replace(nothing, unread=tuple(unread.values()))
        rows = BatchRows(staged)
        found = rows.verdicts(first_copies)
        files = outcomes(
            [file for file in delivery.new if file.sha256 not in unread],
            scanned.files,
            delivery.manifest,
            found,
            label_of,
            lambda _: True,
            first_copies,
        )
        # What came again adds no row, and shows all the same that its sender delivered: the manifest names it.
        files = (*files, *delivery.known_again)
        batch_id = delivery.batch_id(without=unread)
        target, aside = pending / f"batch={batch_id}", pending / f".batch={batch_id}"
        rows.write_quarantine(first_copies, quarantine / source.name)
        rows.write_rows(aside)
        write_manifest(connection, files, aside / "files.parquet")
    aside.replace(target)
    return IngestReport(source.name, batch_id, target, files, (), landing_problems, tuple(unread.values()))


def scan_own(landing: Path, source: str, days: Days) -> Scan:
    """What lies below the folder of `source`; what belongs to no source is told by the portal's ingestion."""
    found = scan(landing, source, days)
    own = tuple(problem for problem in found.problems if problem.file.startswith(f"{source}/"))
    return Scan(found.files, own)


def set_limits(connection: duckdb.DuckDBPyConnection, work: Path) -> None:
    """How much memory a run may take, and where it goes on above that."""
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute("set temp_directory = " + "'" + str(work / "spill").replace("'", "''") + "'")


def _known_agencies(connection: duckdb.DuckDBPyConnection, reference: Path, lake: Path) -> list[str]:
    """Of provinces.csv, and of the unit catalogue in the lake."""
    connection.execute(AGENCY_CODE_SQL)
    query = "select agency_code from read_csv(?, all_varchar = true)"
    found = connection.execute(query, [str(reference / "provinces.csv")]).fetchall()
    for batch in visible_batches(lake, UNIT_CATALOGUE.name):
        path = lake / UNIT_CATALOGUE.name / f"batch={batch}" / "rows*.parquet"
        rows = (
            "select distinct split_part(agency_code_today(agency_code), '.', 1)"
            " from read_parquet(?, hive_partitioning = false)"
        )
        found += connection.execute(rows, [str(path)]).fetchall()
    return [code for (code,) in found]
