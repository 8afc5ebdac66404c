"""The files of a run, read: several at a time, small ones together, none able to end the run of the others (ADR 0020).

Each file is read in one pass that writes its rows, each kind apart. Those that may be wrong are validated together,
those of many files at once, because a statement that validates costs a tenth of a second whatever it reads.

Here: what is read when, beside what, and what becomes of a file that fails. Not here: opening (`open_records`), the
pass itself (`classify`), whose fault an error is (`whose_fault`), which files are read at all (`run`).
"""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import groupby, islice
from pathlib import Path, PurePosixPath

import duckdb

from orchestration.ingestion.contracts import Contract
from orchestration.ingestion.lake import create_table, insert
from orchestration.ingestion.landing import LandedFile, copied, held
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.classify import (
    ROWS_OF_GROUP,
    classify,
    classify_together,
    forget_written,
    written,
)
from orchestration.ingestion.records.mapping import SystemMapping
from orchestration.ingestion.records.open_records import OpenedRecords, open_records
from orchestration.ingestion.records.reading import TABLES, TO_VALIDATE, Reading, Staged, from_staged, rows_in
from orchestration.ingestion.rights import Scope
from orchestration.ingestion.whose_fault import (
    NO_MEMORY,
    PASSING,
    TOO_LARGE_AT_ONCE,
    EngineLostError,
    blaming,
    in_time,
    is_alive,
    is_of_our_folders,
    unread,
)

#: Each takes up to 500 MB, and all of them no more than the memory limit of the run, above which they spill.
FILES_AT_A_TIME = 4
#: So many rows are validated together.
ROWS_VALIDATED_TOGETHER = 50_000
#: A statement takes a fifth of a second to plan, whatever it reads: files of up to this size are read together, as many
#: as this. All of them are in memory at once.
SMALL_FILE_BYTES = 64 * 1024
FILES_TOGETHER = 500

#: The documents of the files at hand.
_ENVELOPE = {"filename": "varchar", "body": "json"}

Prepare = Callable[[duckdb.DuckDBPyConnection, SystemMapping], None]
"""Makes the macros of a mapping on a connection."""


def read_files(
    connection: duckdb.DuckDBPyConnection,
    source: Contract,
    work: Path,
    files: Sequence[tuple[LandedFile, SystemMapping]],
    prepare: Prepare,
    scopes: Mapping[str, Scope],
    alone: Collection[str] = (),
) -> Staged:
    """Stage the rows of `files` in folder `work`, of several at a time: small ones together, but for those with hashes
    `alone`; one thread a file, so that what comes out does not depend on which is done first. `scopes`, by sender, say
    what it may deliver.

    Never raises on content, but for EngineLostError.
    """
    work.mkdir(parents=True, exist_ok=True)
    staged = Staged(connection, source, work)
    waiting = deque(_portions(files, alone))

    def read_some() -> None:
        with connection.cursor() as cursor, ExitStack() as failing:
            failing.callback(waiting.clear)  # where one has failed, the others end after the file they are at
            reading: Reading | None = None
            while True:
                try:
                    portion, mapping = waiting.popleft()
                except IndexError:
                    break
                if reading is not None and mapping is not reading.mapping:
                    validate_pending(reading)
                    reading = None
                try:
                    reading = reading or _prepared(cursor, staged, scopes, mapping, prepare)
                    create_table(cursor, "envelope", _ENVELOPE)
                except duckdb.OutOfMemoryException as error:  # others take it all: after them, each by itself
                    staged.unread.update({file.sha256: unread(file.relative_path, error) for file in portion})
                    continue
                read(reading, portion)
            if reading is not None:
                validate_pending(reading)

    at_a_time = min(max(len(waiting), 1), os.cpu_count() or 1, FILES_AT_A_TIME)
    with ThreadPoolExecutor(at_a_time) as pool:
        try:
            failed = [error for done in [pool.submit(read_some) for _ in range(at_a_time)]
                      if (error := done.exception()) is not None]  # fmt: skip
        finally:
            waiting.clear()  # nor where they are waited for in vain
    # Where the engine was lost, the file that did it is named, not one that was read beside it.
    failed.sort(key=lambda error: isinstance(error, EngineLostError) and not error.hashes)
    if failed:
        raise failed[0]
    # Files for which there was no memory beside others, once more, each with all of it for itself.
    for file, mapping in files:
        problem = staged.unread.get(file.sha256)
        if problem is not None and problem.reason_code == NO_MEMORY:
            del staged.unread[file.sha256]
            with connection.cursor() as cursor:
                reading = _prepared(cursor, staged, scopes, mapping, prepare)
                reading.is_by_itself = True
                create_table(cursor, "envelope", _ENVELOPE)
                read(reading, [file])
                validate_pending(reading)
    return staged


def _prepared(
    cursor: duckdb.DuckDBPyConnection,
    staged: Staged,
    scopes: Mapping[str, Scope],
    mapping: SystemMapping,
    prepare: Prepare,
) -> Reading:
    prepare(cursor, mapping)
    # Rows are held back until a group of them can be written.
    cursor.execute(f"set partitioned_write_flush_threshold = {ROWS_OF_GROUP}")
    return Reading(cursor, staged, scopes, mapping)


def _portions(
    files: Sequence[tuple[LandedFile, SystemMapping]], alone: Collection[str]
) -> Iterator[tuple[list[LandedFile], SystemMapping]]:
    """What one thread reads at a time. By mapping, because making its macros takes a while; the largest files first, so
    that none is left for the end; then small ones of one sender and one ending together.
    """

    def is_small(file: LandedFile) -> bool:
        return file.size_bytes <= SMALL_FILE_BYTES and file.sha256 not in alone

    def ending(file: LandedFile) -> tuple[str, str]:
        return file.sender, "".join(PurePosixPath(file.name.lower()).suffixes[-2:])

    for _, of_mapping in groupby(sorted(files, key=lambda of: of[1].label), key=lambda of: of[1].label):
        listed = list(of_mapping)
        mapping = listed[0][1]
        large = [file for file, _ in listed if not is_small(file)]
        for file in sorted(large, key=lambda f: (-f.size_bytes, f.sha256)):
            yield [file], mapping
        small = sorted((file for file, _ in listed if is_small(file)), key=lambda f: (ending(f), f.sha256))
        for _, alike in groupby(small, key=ending):
            while some := list(islice(alike, FILES_TOGETHER)):
                yield some, mapping


def read(reading: Reading, files: Sequence[LandedFile]) -> None:
    """Stage the rows of `files`, those together that are alike; `validate_pending` does the rest.

    Never raises on content. Raises OSError or duckdb.IOException where our own folders cannot be written, and
    EngineLostError.
    """
    if reading.rows_pending > ROWS_VALIDATED_TOGETHER:
        validate_pending(reading)
    folder = reading.staged.work / f"{files[0].sha256}.open"
    try:
        if len(files) == 1:
            _read_alone(reading, files[0], folder)
            return
        alike: dict[str, list[OpenedRecords]] = {}
        for file in files:
            with _each_by_itself(reading, file):
                opened = open_records(reading, file, copied(file, folder), folder)
                is_small = opened.file.path.stat().st_size <= SMALL_FILE_BYTES  # unpacked, too
                alike.setdefault(opened.wire.kind if is_small else file.sha256, []).append(opened)
        for some in alike.values():
            _read_together(reading, some, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read_alone(reading: Reading, file: LandedFile, folder: Path) -> None:
    with _each_by_itself(reading, file):
        with in_time(reading.connection, [file]), held(file) as same:
            opened = open_records(reading, file, same, folder)
            with blaming(reading.connection, file, opened.file.format):
                classify(reading, opened)
        keep(reading, [opened])


def _read_together(reading: Reading, some: Sequence[OpenedRecords], folder: Path) -> None:
    """What `_read_alone` comes to for each. Where anything is odd, halves are read, down to single files."""
    files = [opened.landed for opened in some]
    if len(some) == 1:
        _read_alone(reading, files[0], folder)
        return
    try:
        if classify_together(reading, some):
            keep(reading, some)
            return
    except Exception as error:  # noqa: BLE001  (whatever it is, single files show whose it is: ADR 0020)
        _go_on_one_by_one(reading, files, error)
    _forget(reading, files)
    half = len(some) // 2
    _read_together(reading, some[:half], folder)
    _read_together(reading, some[half:], folder)


def keep(reading: Reading, some: Sequence[OpenedRecords]) -> None:
    """What was read becomes part of the run."""
    files = [opened.landed for opened in some]
    names = [{"file_hash": file.sha256, "landed_as": file.relative_path} for file in files]
    insert(reading.connection, "landed", TABLES["landed"], names)
    notes = [vars(note) | {"file_hash": opened.landed.sha256} for opened in some for note in opened.notes]
    insert(reading.connection, "noted", TABLES["noted"], notes)
    staged, first = reading.staged, files[0]
    for kind, path in written(reading, first).items():
        staged.rows[kind][first.sha256] = path.replace(staged.work / f"{kind}-{first.sha256}.rows")
    forget_written(reading, first)
    if (to_validate := staged.rows[TO_VALIDATE].get(first.sha256)) is not None:
        reading.rows_pending += rows_in(reading.connection, to_validate)
        reading.pending.append((files, to_validate))


def _forget(reading: Reading, files: Sequence[LandedFile]) -> None:
    """What was staged of `files`, which were read alone or together."""
    for kept in reading.staged.rows.values():
        if (path := kept.pop(files[0].sha256, None)) is not None:
            path.unlink(missing_ok=True)
    hashes = [file.sha256 for file in files]
    for table in TABLES:
        reading.connection.execute(f"delete from {table} where list_contains(?, file_hash)", [hashes])


def validate_pending(reading: Reading) -> None:
    """Validate what needs it of the files read since the last time."""
    pending, reading.pending, reading.rows_pending = reading.pending, [], 0
    if not pending:
        return
    try:
        with in_time(reading.connection, [file for files, _ in pending for file in files]):
            validate(reading, [path for _, path in pending])
    except (duckdb.Error, UnreadableError):  # one of them is at fault: which, only each alone can show
        for files, path in pending:
            _validate_alone(reading, files, path)


def _validate_alone(reading: Reading, files: Sequence[LandedFile], path: Path) -> None:
    if len(files) == 1:
        with _each_by_itself(reading, files[0]), in_time(reading.connection, files):
            validate(reading, [path])
        return
    try:
        validate(reading, [path])
    except Exception as error:  # noqa: BLE001  (one file must not end the run of the others: ADR 0020)
        _go_on_one_by_one(reading, files, error)
        _forget(reading, files)
        for file in files:
            read(reading, [file])
        validate_pending(reading)


def validate(reading: Reading, paths: Sequence[Path]) -> None:
    """Add to table `validated` what is wrong with the rows in `paths`."""
    reading.connection.execute(f"create or replace temp table to_validate as {from_staged(*paths)}")
    reading.connection.execute(f"insert into validated {reading.query.validated('to_validate')}")
    reading.connection.execute("drop table to_validate")


@contextmanager
def _each_by_itself(reading: Reading, file: LandedFile) -> Iterator[None]:
    """Whatever one file makes the readers raise ends no run of the others (ADR 0020)."""
    try:
        yield
    except UnreadableError as why:
        _refuse(reading, file, why.problem(file.relative_path))
    except EngineLostError:
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, it is of this file or raised again: ADR 0020)
        _leave_unread(reading, file, error)


def _refuse(reading: Reading, file: LandedFile, problem: Problem) -> None:
    """The file as such is quarantined; what may be gone when it is read again leaves it unread."""
    staged = reading.staged
    (staged.unread if problem.reason_code in PASSING else staged.unreadable)[file.sha256] = problem
    _forget(reading, [file])


def _leave_unread(reading: Reading, file: LandedFile, error: Exception) -> None:
    """Nothing of the file at which `error` was raised becomes part of the run. Raises what is no matter of one file."""
    problem = unread(file.relative_path, error)
    if not is_alive(reading.connection):
        is_victim = "has been invalidated" in str(error)
        raise EngineLostError([] if is_victim else [file.sha256], problem) from None
    if reading.is_by_itself and problem.reason_code == NO_MEMORY and file.name.lower().endswith(".parquet"):
        # What a run may take is fixed: no night has more. Of texts, lines bound what is held at once.
        _refuse(reading, file, TOO_LARGE_AT_ONCE.problem(file.relative_path))
        return
    reading.staged.unread[file.sha256] = problem
    _forget(reading, [file])


def _go_on_one_by_one(reading: Reading, files: Sequence[LandedFile], error: Exception) -> None:
    """Raises what is no matter of one of `files`, which were read together when `error` was raised."""
    if is_of_our_folders(error) and not isinstance(error, FileNotFoundError):
        raise error
    if not is_alive(reading.connection):
        raise EngineLostError([file.sha256 for file in files], None) from None
