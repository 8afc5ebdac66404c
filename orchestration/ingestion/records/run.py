"""The files of a record source, read into the tables that a run of ingestion goes by.

Here: what reading needs from outside: mappings, known agencies, the hash key; and beginning again where one file took
the engine with it. Not here: the order of a run (`ingestion.run`), and how rows are read and validated (`read_files`,
`deduplicate` and below).
"""

from __future__ import annotations

import hmac
import shutil
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import duckdb

from orchestration.atomic_files import write_durably
from orchestration.ingestion.contracts import RECORD_SOURCES, Contract
from orchestration.ingestion.file_status import ReadBy
from orchestration.ingestion.lake import connect, visible_batches, work_folder, write_empty_batch
from orchestration.ingestion.landing import ALL_DAYS, Days, LandedFile, Scan, scan
from orchestration.ingestion.new_files import Delivery
from orchestration.ingestion.personal import PERSONAL_SQL
from orchestration.ingestion.problems import Problem
from orchestration.ingestion.records.deduplicate import deduplicate, write_rows
from orchestration.ingestion.records.mapping import InvalidFileError, Mappings, SystemMapping
from orchestration.ingestion.records.mapping_macros import mapping_macros
from orchestration.ingestion.records.read_files import read_files
from orchestration.ingestion.records.value_types import value_macros
from orchestration.ingestion.report import FILE_COLUMNS, IngestReport
from orchestration.ingestion.rights import Rights
from orchestration.ingestion.run import Read, ingest_new_files
from orchestration.ingestion.unit_identity import AGENCY_CODE_SQL
from orchestration.ingestion.whose_fault import OUR_DEFECT, EngineLostError
from orchestration.sql_text import literal

#: For synthetic data only, where nobody is to be protected; anyone can read it here.
SAMPLE_KEY = b"synthetic data only: this key protects nobody"
MIN_KEY_BYTES, MIN_DISTINCT_BYTES = 16, 8
#: Of the key that the lake's hashes were made with, what shows whether another is the same, and no more.
KEY_CHECK = ".hash-key-check"
#: The dataset that says which agencies there are.
UNIT_CATALOGUE = "unit_catalogue"
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
    write_durably(path, check + "\n")


def ingest_records(
    source: str,
    landing: Path,
    lake: Path,
    quarantine: Path,
    reference: Path,
    mappings: Mappings,
    key: bytes,
    rights: Rights,
    days: Days = ALL_DAYS,
) -> IngestReport:
    """Read every file of `source` delivered on `days` that no visible batch names, into one pending batch.

    As `ingest_new_files`. `reference` is the folder of the seeds; identity numbers are hashed with `key`; `rights` say
    who may deliver. Bad input is reported, never raised, and neither is what the
    readers raise at one file (ADR 0020). Raises KeyError for an unknown source, HashKeyError, OSError or
    duckdb.IOException where our own folders cannot be read or written, and the latter without the reference files.
    """
    check_key(key, lake)
    scanned = _mapped(rights.of_agreed(scan_own(landing, source, days)), mappings)
    lost: dict[str, Problem] = {}
    alone: set[str] = set()

    def mapping_of(file: LandedFile) -> SystemMapping:
        return mappings.of(file.sender)

    while True:
        try:
            return _ingest(
                RECORD_SOURCES[source],
                scanned,
                lake,
                quarantine,
                reference,
                mapping_of,
                key,
                rights,
                lost,
                alone,
            )
        except EngineLostError as error:  # all again, without this file, or with these one by one
            if error.problem is not None and error.hashes:
                lost[error.hashes[0]] = error.problem
            elif alone.issuperset(error.hashes):
                raise
            else:
                alone |= set(error.hashes)


def _ingest(
    source: Contract,
    scanned: Scan,
    lake: Path,
    quarantine: Path,
    reference: Path,
    mapping_of: Callable[[LandedFile], SystemMapping],
    key: bytes,
    rights: Rights,
    lost: Mapping[str, Problem],
    alone: Collection[str],
) -> IngestReport:
    """As `ingest_records`, but for the contents `lost`, of which is known why they cannot be read in this run. Each of
    `alone` is read by itself.
    """

    with connect() as connection, ExitStack() as leaving:
        catalogue = _Catalogue(connection, reference, lake)
        senders = {file.sender for file in scanned.files}
        agreed = {sender: rights.of(sender, source.name) for sender in senders}
        scopes = {
            sender: scope.with_merged(catalogue.merged)
            for sender, scope in agreed.items()
            if scope is not None
        }

        def read_by(file: LandedFile) -> ReadBy:
            return ReadBy(mapping_of(file).label, str(scopes[file.sender]))

        def prepare(cursor: duckdb.DuckDBPyConnection, mapping: SystemMapping) -> None:
            cursor.execute("set TimeZone = 'UTC'")
            cursor.execute(PERSONAL_SQL + mapping_macros(mapping, key) + value_macros(catalogue.agencies))

        def read(delivery: Delivery) -> Read:
            work = work_folder(lake, source.name, delivery.batch_id())
            # It must not outlive the run, whatever ends that.
            leaving.callback(shutil.rmtree, work, ignore_errors=True)
            set_limits(connection, work)
            to_read = [
                (f, mapping_of(f)) for sha256, f in delivery.first_copies.items() if sha256 not in lost
            ]
            staged = read_files(connection, source, work, to_read, prepare, scopes, alone)
            for sha256, problem in lost.items():
                (staged.unread if problem.reason_code == OUR_DEFECT else staged.unreadable)[sha256] = problem
            deduplicate(staged)
            return Read(partial(write_rows, staged), staged.unread)

        return ingest_new_files(
            connection, source.name, lake, quarantine, scanned, read_by, read, source.columns[0].name
        )


def scan_own(landing: Path, source: str, days: Days) -> Scan:
    """What lies below the folder of `source`; what belongs to no source is reported by the portal's ingestion."""
    found = scan(landing, source, days)
    own = tuple(problem for problem in found.problems if problem.file.startswith(f"{source}/"))
    return Scan(found.files, own)


def _mapped(scanned: Scan, mappings: Mappings) -> Scan:
    """Without the files whose mapping cannot be read: the next run reads them, once it is put right."""
    files, problems = [], []
    for file in scanned.files:
        try:
            mappings.of(file.sender)
        except InvalidFileError as error:
            found, action = str(error).splitlines()[0], "put the mapping right; the next run reads the file"
            expected = "a mapping that can be read"
            problems.append(Problem(file.relative_path, "faulty_mapping", "$", "", found, expected, action))
        else:
            files.append(file)
    return Scan(tuple(files), tuple(sorted([*scanned.problems, *problems], key=str)))


def set_limits(connection: duckdb.DuckDBPyConnection, work: Path) -> None:
    """How much memory a run may take, and where it goes on above that."""
    connection.execute(f"set memory_limit = '{MEMORY_LIMIT}'")
    connection.execute(f"set temp_directory = {literal(work / 'spill')}")


class _Catalogue:
    """What is known of agencies: from provinces.csv, and from the unit catalogue in the lake.

    `agencies`: codes, of which the first part counts. `merged`: by province that is gone, the one that answers for it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, reference: Path, lake: Path) -> None:
        connection.execute(AGENCY_CODE_SQL)
        batches = visible_batches(lake, UNIT_CATALOGUE)
        paths = [str(lake / UNIT_CATALOGUE / f"batch={batch}" / "rows*.parquet") for batch in batches]
        connection.execute(
            _CATALOGUED_SQL if paths else _NOT_CATALOGUED_SQL, {"paths": paths} if paths else {}
        )
        places = {name: str(reference / f"{name}.csv") for name in ("provinces", "province_crosswalk")}
        codes = "select agency_code from read_csv($provinces, all_varchar = true) union select root from catalogued"
        found = connection.execute(codes, {"provinces": places["provinces"]}).fetchall()
        self.agencies = [code for (code,) in found]
        self.merged: dict[str, str] = dict(connection.execute(_MERGED_SQL, places).fetchall())


_CATALOGUED_SQL = """
create or replace temp table catalogued as
select distinct agency_code_today(agency_code) as agency_code, split_part(agency_code, '.', 1) as root,
    if(unit_level = 'province', state_code, null) as province_code
from read_parquet($paths, hive_partitioning = false)
"""
_NOT_CATALOGUED_SQL = """
create or replace temp table catalogued as
select null::varchar as agency_code, null::varchar as root, null::varchar as province_code limit 0
"""
_MERGED_SQL = """
select catalogued.agency_code, min(today.agency_code)
from catalogued
inner join read_csv($province_crosswalk, all_varchar = true) as links
    on catalogued.province_code = links.old_province_code
inner join read_csv($provinces, all_varchar = true) as today on links.new_province_code = today.province_code
where catalogued.agency_code not in (select agency_code from read_csv($provinces, all_varchar = true))
group by catalogued.agency_code having count(distinct today.agency_code) = 1
"""
