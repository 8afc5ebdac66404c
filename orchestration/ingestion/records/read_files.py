"""The files of a run, read: typed and judged rows, aside on disk.

Each file is read in one pass that writes the rows nothing can be wrong with as the lake will hold them, and aside
the few others: suspects, and copies of an earlier row (ADR 0019). The suspects of many files are judged together,
because a statement that judges costs a tenth of a second whatever it judges.

Here: that pass, and judging. Not here: which files are read (`run`), and what of their rows becomes the batch
(`deduplicate`).
"""

from __future__ import annotations

import errno
import os
import shutil
import traceback
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import groupby, islice
from pathlib import Path, PurePosixPath
from threading import Event

import duckdb

from orchestration.ingestion.contracts import Contract
from orchestration.ingestion.formats.json_document import MAX_BYTES, read_json_object
from orchestration.ingestion.formats.open_file import OpenedFile, open_landed
from orchestration.ingestion.formats.relations import (
    STOPS_FAST_READER,
    CsvFile,
    Wire,
    count_lines,
    csv_lines_sql,
    csv_wire,
    each_numbered,
    envelope_wire,
    lines_wire,
    native_moment_format,
    open_csv,
    parquet_columns,
    parquet_wire,
    plain_lines_wire,
    quotes_sql,
    with_unix_line_ends,
)
from orchestration.ingestion.lake import create_table, insert
from orchestration.ingestion.landing import LandedFile, copied, held
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.columns import Wanted, note_alike, note_missing, wanted
from orchestration.ingestion.records.mapping import SourceMapping, SystemMapping
from orchestration.ingestion.records.row_query import (
    classified_rows_sql,
    validated_rows_sql,
)
from orchestration.ingestion.rights import Scope
from orchestration.sql_text import literal

#: What reading a file may take, and judging its rows: in seconds, and in seconds for each megabyte as it landed. Rows
#: that are right take 1 to 2 s a megabyte, where they are packed twentyfold; all of them wrong, as long. Thirty times
#: that, so that no busy machine makes a file a bad one; three kilobytes of a million empty records took 36 s.
LEAST_SECONDS, SECONDS_A_MEGABYTE = 120, 60
_PLAIN, _OTHER = "plain", "other"
OUR_DEFECT, NO_MEMORY = "our_defect", "not_enough_memory"
_TOO_LARGE_AT_ONCE = UnreadableError(
    "decompression_bomb", "pages or rows that do not fit into the memory of a run, even alone", "ordinary ones",
    "ask the sender for a file with shorter texts, or in smaller pages and row groups (or as JSON Lines), and land it as"
    " a new delivery",
)  # fmt: skip
#: In files of up to so many rows, copies of a row are told at once, so that they need not be taken out of the plain
#: ones: 200 MB of hashes. In larger ones they are found afterwards, and those files written again.
MAX_ROWS_FOR_COPIES = 4_000_000
#: Half of what DuckDB takes by itself: faster to write, with less memory.
ROWS_OF_GROUP = 61_440
#: A dictionary of more values than there are procedures in a province is given up in the end: most columns of many
#: values have another one in each row.
_PLAIN_FORMAT = (
    f"compression zstd, compression_level 1, dictionary_size_limit 4096, row_group_size {ROWS_OF_GROUP}"
)
#: Each takes up to 500 MB, and all of them no more than the memory limit of the run, above which they spill.
FILES_AT_A_TIME = 4
#: The beginning of a file, by which it is told how lines end and keys are written: they do so all through it.
_HEAD_BYTES = 64 * 1024
#: So many other rows are judged together.
OTHERS_TOGETHER = 50_000
#: A statement takes a fifth of a second to plan, whatever it reads: files of up to this size are read together, as many
#: as this. All of them are in memory at once.
SMALL_FILE_BYTES = 64 * 1024
FILES_TOGETHER = 500
#: What is written of each file that is read together with others.
_READ_TOGETHER = {
    "filename": "varchar",
    "source_file": "varchar",
    "file_hash": "varchar",
    "delivery_date": "date",
}
#: Malformed lines, as DuckDB's reader told them: `record_no` is the line, or the row below a header.
_REJECTED_COLUMNS = {
    "file_hash": "varchar",
    "record_no": "bigint",
    "reason_code": "varchar",
    "row_text": "varchar",
}
_TAKE_REJECTS_SQL = """
insert into rejected
select
    $hash, line - $header, if(bool_or(error_type = 'INVALID ENCODING'), 'not_utf8', 'malformed_record'),
    any_value(length(csv_line)) || ' characters, codes in it: ' || any_value(array_to_string(
        list_distinct(regexp_extract_all(upper(csv_line), dossier_codes()))[:3], ', '))
from reject_errors
group by line
"""
_REJECTED_LINES_SQL = "select min(line), count(distinct line) from reject_errors"
#: The reader numbers what it lets through: number k is the record after as many rejected ones as lie before it.
_RENUMBERED_SQL = """
with numbered as (
    select record_no, row_number() over (order by record_no) as place from rejected where file_hash = {hash}
),

moved as (select record_no - place + 1 as first_no, max(place) as place from numbered group by first_no)

select staged.* replace (staged.record_no + coalesce(moved.place, 0) as record_no)
from {staged} as staged
asof left join moved on staged.record_no >= moved.first_no
order by staged.record_no
"""


@dataclass(frozen=True)
class Staged:
    """The rows of one run, aside.

    `plain` are the files of rows with which nothing is wrong, by hash of the content they come from; `others` those
    of all other rows. Both have the columns of the lake, but for `source_file`, which is in table `landed`. Table
    `judged` says what is wrong with others; `rejected` says which lines are no records; `noted` what of a file was not
    read though no row is refused for it. `unreadable` files gave no row, and why. `unread` files are not to blame, as
    far as is known: they belong into no batch, so that the next run reads them again.
    """

    connection: duckdb.DuckDBPyConnection
    source: Contract
    plain: dict[str, Path] = field(default_factory=dict)
    others: dict[str, Path] = field(default_factory=dict)
    unreadable: dict[str, Problem] = field(default_factory=dict)
    unread: dict[str, Problem] = field(default_factory=dict)


class EngineLostError(Exception):
    """The engine gave up for good while it read the files with `hashes`, and with it all that was staged. Where they
    are one, `problem` is as in `Staged.unreadable` or `Staged.unread`; where they are none, it had given up before, at
    another file.
    """

    def __init__(self, hashes: Sequence[str], problem: Problem | None) -> None:
        super().__init__(str(problem or f"one of {len(hashes)} files read together"))
        self.hashes, self.problem = tuple(hashes), problem


def read_files(
    connection: duckdb.DuckDBPyConnection,
    source: Contract,
    work: Path,
    files: Sequence[tuple[LandedFile, SystemMapping]],
    prepare: Callable[[duckdb.DuckDBPyConnection, SystemMapping], None],
    scopes: Mapping[str, Scope],
    alone: Collection[str] = (),
) -> Staged:
    """Stage the rows of `files` in folder `work`, of several at a time: small ones together, but for those with hashes
    `alone`; one thread a file, so that what comes out does not depend on which is done first. `prepare` makes the
    macros of a mapping; `scopes`, by sender, say what it may deliver.

    Never raises on content, but for EngineLostError.
    """
    work.mkdir(parents=True, exist_ok=True)
    for table, columns in _TABLES.items():
        create_table(connection, table, columns, is_shared=True)
    staged = Staged(connection, source)
    waiting = deque(_portions(files, alone))

    def read_some() -> None:
        with connection.cursor() as cursor, ExitStack() as failing:
            failing.callback(waiting.clear)  # where one has failed, the others end after the file they are at
            reader = Reader(cursor, staged, work, scopes)
            while True:
                try:
                    portion, mapping = waiting.popleft()
                except IndexError:
                    break
                if mapping is not reader.mapping:
                    reader.validate_pending()
                    prepare(cursor, mapping)
                reader.read(portion, mapping)
            reader.validate_pending()

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
    _read_those_without_room(staged, work, files, prepare, scopes)
    return staged


def _read_those_without_room(
    staged: Staged,
    work: Path,
    files: Sequence[tuple[LandedFile, SystemMapping]],
    prepare: Callable[[duckdb.DuckDBPyConnection, SystemMapping], None],
    scopes: Mapping[str, Scope],
) -> None:
    """Files for which there was no memory beside others, once more, each with all of it for itself."""
    for file, mapping in files:
        problem = staged.unread.get(file.sha256)
        if problem is None or problem.reason_code != NO_MEMORY:
            continue
        with staged.connection.cursor() as cursor:
            reader = Reader(cursor, staged, work, scopes, is_by_itself=True)
            prepare(cursor, mapping)
            del staged.unread[file.sha256]
            reader.read([file], mapping)
            reader.validate_pending()


def _portions(
    files: Sequence[tuple[LandedFile, SystemMapping]], alone: Collection[str]
) -> Iterator[tuple[list[LandedFile], SystemMapping]]:
    """What one thread reads at a time. By mapping, because making its macros takes a while; the largest files first, so
    that none is left for the end; then small ones of one sender and one ending together.
    """

    def is_small(file: LandedFile) -> bool:
        return file.size_bytes <= SMALL_FILE_BYTES and file.sha256 not in alone

    for _, of_mapping in groupby(sorted(files, key=lambda of: of[1].label), key=lambda of: of[1].label):
        listed = list(of_mapping)
        mapping = listed[0][1]
        for file in sorted(
            (file for file, _ in listed if not is_small(file)), key=lambda f: (-f.size_bytes, f.sha256)
        ):
            yield [file], mapping

        def ending(file: LandedFile) -> tuple[str, str]:
            return file.sender, "".join(PurePosixPath(file.name.lower()).suffixes[-2:])

        small = sorted((file for file, _ in listed if is_small(file)), key=lambda f: (ending(f), f.sha256))
        for _, alike in groupby(small, key=ending):
            while some := list(islice(alike, FILES_TOGETHER)):
                yield some, mapping


@dataclass(frozen=True)
class _Opened:
    """A landed file, as a plain one that waits to be read."""

    landed: LandedFile
    file: OpenedFile
    wire: Wire
    notes: tuple[Problem, ...]
    #: How many rows it has at most; as many as that, if it is of JSON Lines and can be read the fast way.
    rows_at_most: int
    #: Of CSV: its header and how it is delimited.
    csv: CsvFile | None = None


@dataclass
class Reader:
    """Reads files, one alone or several alike together, on a connection of its own."""

    connection: duckdb.DuckDBPyConnection
    staged: Staged
    work: Path
    scopes: Mapping[str, Scope]
    #: Files of others that are not judged yet, which landed files each is of, and how many rows.
    waiting: list[tuple[Sequence[LandedFile], Path]] = field(default_factory=list)
    rows_waiting: int = 0
    mapping: SystemMapping | None = None
    #: Whether no other file is read at this time.
    is_by_itself: bool = False

    def __post_init__(self) -> None:
        self.source = self.staged.source
        # Rows are held back until a group of them can be written.
        self.connection.execute(f"set partitioned_write_flush_threshold = {ROWS_OF_GROUP}")

    def read(self, files: Sequence[LandedFile], mapping: SystemMapping) -> None:
        """Stage the rows of `files`, those together that are alike. Needs the macros of `mapping`, and
        `validate_pending` before those of another are made.

        Never raises on content. Raises OSError or duckdb.IOException where our own folders cannot be written, and
        EngineLostError.
        """
        self.mapping = mapping
        if self.rows_waiting > OTHERS_TOGETHER:
            self.validate_pending()
        folder = self.work / f"{files[0].sha256}.open"
        create_table(self.connection, "envelope", {"filename": "varchar", "body": "json"})
        try:
            if len(files) == 1:
                self._read_alone(files[0], folder)
                return
            alike: dict[str, list[_Opened]] = {}
            for file in files:
                with self._each_by_itself(file):
                    opened = replace(self._open(copied(file, folder), folder), landed=file)
                    is_small = opened.file.path.stat().st_size <= SMALL_FILE_BYTES  # unpacked, too
                    alike.setdefault(opened.wire.kind if is_small else file.sha256, []).append(opened)
            for some in alike.values():
                self._read_together(some, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _in_time(self, files: Sequence[LandedFile]) -> Iterator[None]:
        """Interrupts the statements of what takes longer than `files` may: raises UnreadableError."""
        seconds = sum(LEAST_SECONDS + SECONDS_A_MEGABYTE * file.size_bytes / 1024**2 for file in files)
        done, is_late = Event(), Event()

        def watch() -> None:
            wait = seconds
            while not done.wait(wait):
                is_late.set()
                self.connection.interrupt()
                wait = 1  # once more: between two statements there is nothing to interrupt

        with ThreadPoolExecutor(1) as watching:
            watching.submit(watch)
            try:
                yield
            except duckdb.InterruptException:
                if not is_late.is_set():
                    raise
                raise UnreadableError(
                    "decompression_bomb", f"rows that take longer than {seconds:.0f} seconds",
                    "no more of them than a file of this size can hold",
                    "ask the sender what it is; if it is right, have it landed as JSON Lines, unpacked",
                ) from None  # fmt: skip
            finally:
                done.set()

    @contextmanager
    def _each_by_itself(self, file: LandedFile) -> Iterator[None]:
        """Whatever one file makes the readers raise ends no run of the others (ADR 0020)."""
        try:
            yield
        except UnreadableError as why:
            self._refuse(file, why.problem(file.relative_path))
        except EngineLostError:
            raise
        except Exception as error:  # noqa: BLE001
            self._set_apart(file, error)

    def _read_alone(self, file: LandedFile, folder: Path) -> None:
        with self._each_by_itself(file):
            with self._in_time([file]), held(file) as same:
                opened = replace(self._open(same, folder), landed=file)
                with self._blaming(file, opened.file):
                    self._stage(opened)
            self._keep([opened])

    def _read_together(self, some: Sequence[_Opened], folder: Path) -> None:
        """What `_read_alone` comes to for each. Where anything is odd, halves are read, down to single files."""
        files = [opened.landed for opened in some]
        if len(some) == 1:
            self._read_alone(files[0], folder)
            return
        try:
            is_plain = self._are_staged(some)
        except Exception as error:  # noqa: BLE001  (whatever it is, single files show whose it is: ADR 0020)
            self._go_on_one_by_one(files, error)
            is_plain = False
        if is_plain:
            self._keep(some)
            return
        self._forget(files)
        half = len(some) // 2
        self._read_together(some[:half], folder)
        self._read_together(some[half:], folder)

    def _are_staged(self, some: Sequence[_Opened]) -> bool:
        """Whether these files could be read in one statement, with nothing odd in any of them."""
        first = some[0]
        paths = [opened.file.path for opened in some]
        if first.csv is not None and not first.file.is_from_book:
            queries = [*quotes_sql(first.csv, paths)]
            if len(queries) > 1 or self.connection.execute(queries[0]).fetchall()[0][0] is not None:
                return False
        scope = self.scopes[first.landed.sender]
        create_table(self.connection, "read_together", _READ_TOGETHER)
        of_files = [
            {"filename": str(opened.file.path), "source_file": opened.landed.relative_path,
             "file_hash": opened.landed.sha256, "delivery_date": opened.landed.delivery_date}
            for opened in some
        ]  # fmt: skip
        insert(self.connection, "read_together", _READ_TOGETHER, of_files)
        rows = each_numbered(f"select * from ({first.wire.of(paths)}) join read_together using (filename)")
        columns = {column: column for column in ("source_file", "file_hash", "delivery_date")}
        lineage = columns | _of_sender(first.landed, scope)
        query = classified_rows_sql(
            self.source, self._plan, rows, lineage, own=scope.pattern, are_copies_marked=False
        )
        self._classify(first.landed, query)
        if self._are_any_rejected():
            return False
        return first.file.format != "lines" or self._rows_by_file(first.landed) == {
            opened.landed.sha256: opened.rows_at_most for opened in some
        }

    def _rows_by_file(self, first: LandedFile) -> dict[str, int]:
        rows = f"select file_hash, count(*) {from_staged(*self._classified(first))} group by file_hash"
        return dict(self.connection.execute(rows).fetchall())

    def _refuse(self, file: LandedFile, problem: Problem) -> None:
        """The file as such is quarantined."""
        if problem.reason_code in PASSING:
            self._leave_unread(file, problem)
            return
        self.staged.unreadable[file.sha256] = problem
        self._forget([file])

    def _set_apart(self, file: LandedFile, error: Exception) -> None:
        """Leave unread the file at which `error` was raised. Raises what is no matter of one file."""
        problem = unread(file.relative_path, error)
        if not self._is_alive():
            is_victim = "has been invalidated" in str(error)
            raise EngineLostError([] if is_victim else [file.sha256], problem) from None
        if self.is_by_itself and problem.reason_code == NO_MEMORY and file.name.lower().endswith(".parquet"):
            # What a run may take is fixed: no night has more. Of texts, lines bound what is held at once.
            self._refuse(file, _TOO_LARGE_AT_ONCE.problem(file.relative_path))
            return
        self._leave_unread(file, problem)

    def _is_alive(self) -> bool:
        """Whether the engine goes on after an error: some end it for good."""
        try:
            self.connection.execute("select 1")
        except duckdb.Error:
            return False
        return True

    def _leave_unread(self, file: LandedFile, problem: Problem) -> None:
        """Nothing of the file becomes part of the run."""
        self.staged.unread[file.sha256] = problem
        self._forget([file])

    def _forget(self, files: Sequence[LandedFile]) -> None:
        """What was staged of `files`, which were read alone or together."""
        for kept in (self.staged.plain, self.staged.others):
            if (path := kept.pop(files[0].sha256, None)) is not None:
                path.unlink(missing_ok=True)
        hashes = [file.sha256 for file in files]
        for table in _TABLES:
            self.connection.execute(f"delete from {table} where list_contains(?, file_hash)", [hashes])

    def _keep(self, some: Sequence[_Opened]) -> None:
        """What was read becomes part of the run."""
        files = [opened.landed for opened in some]
        names = [{"file_hash": file.sha256, "landed_as": file.relative_path} for file in files]
        insert(self.connection, "landed", _TABLES["landed"], names)
        for opened in some:
            self._note(opened)
        for kind, kept in ((_PLAIN, self.staged.plain), (_OTHER, self.staged.others)):
            path = self._rows(files[0], kind)
            if path.exists():
                kept[files[0].sha256] = path.replace(self.work / f"{kind}-{files[0].sha256}.rows")
        shutil.rmtree(self._folder(files[0]), ignore_errors=True)
        if (others := self.staged.others.get(files[0].sha256)) is not None:
            self.waiting.append((files, others))
            self.rows_waiting += rows_in(self.connection, others)

    def validate_pending(self) -> None:
        """Judge the other rows of the files read since the last time."""
        waiting, self.waiting, self.rows_waiting = self.waiting, [], 0
        if not waiting:
            return
        try:
            with self._in_time([file for files, _ in waiting for file in files]):
                self._validate([path for _, path in waiting])
        except (duckdb.Error, UnreadableError):  # one of them is at fault: which, only each alone can tell
            for files, path in waiting:
                self._validate_alone(files, path)

    def _validate_alone(self, files: Sequence[LandedFile], path: Path) -> None:
        if len(files) == 1:
            with self._each_by_itself(files[0]), self._in_time(files):
                self._validate([path])
            return
        try:
            self._validate([path])
        except Exception as error:  # noqa: BLE001  (one file must not end the run of the others: ADR 0020)
            self._go_on_one_by_one(files, error)
            self._forget(files)
            assert self.mapping is not None
            for file in files:
                self.read([file], self.mapping)
            self.validate_pending()

    def _go_on_one_by_one(self, files: Sequence[LandedFile], error: Exception) -> None:
        """Raises what is no matter of one of `files`, which were read together when `error` was raised."""
        if _is_of_our_folders(error) and not isinstance(error, FileNotFoundError):
            raise error
        if not self._is_alive():
            raise EngineLostError([file.sha256 for file in files], None) from None

    def _validate(self, paths: Sequence[Path]) -> None:
        suspects = f"{from_staged(*paths)} where source_file is not null"
        self.connection.execute(f"create or replace temp table suspect as {suspects}")
        self.connection.execute(
            f"insert into judged {validated_rows_sql(self.source, self._plan, 'from suspect')}"
        )
        self.connection.execute("drop table suspect")

    @property
    def _plan(self) -> SourceMapping:
        """Raises UnreadableError where the mapping at hand does not know the source."""
        assert self.mapping is not None
        plan = self.mapping.sources.get(self.source.name)
        if plan is None:
            known = f"one that knows {self.source.name}"
            raise UnreadableError("no_mapping", f"mapping {self.mapping.name}", known)
        return plan

    def _open(self, file: LandedFile, folder: Path) -> _Opened:
        """Of a file that is `held` or `copied`. Raises UnreadableError where it is at fault."""
        needs = wanted(self.source, self._plan)
        assert self.mapping is not None
        opened = open_landed(file, folder, needs, native_moment_format(self.mapping))
        with self._blaming(file, opened):
            if opened.format == "json":
                self._take_envelope(file, opened.path)
            if opened.format == "lines" and b"\r" in opened.path.open("rb").read(_HEAD_BYTES):
                opened = OpenedFile(with_unix_line_ends(opened.path), opened.format)
            return self._with_wire(file, opened, needs)

    @contextmanager
    def _blaming(self, file: LandedFile, opened: OpenedFile) -> Iterator[None]:
        """What DuckDB raises at the content of a file is that file's fault: raises UnreadableError instead."""
        try:
            yield
        except (duckdb.Error, UnicodeDecodeError) as error:
            if _is_of_our_folders(error) or not _tells_of_content(error, opened.format):
                raise
            found = f"something at which its reader gives up ({type(error).__name__})"
            why = UnreadableError(f"malformed_{opened.format}", found, "a file that is whole")
            if not self._is_alive():
                raise EngineLostError([file.sha256], why.problem(file.relative_path)) from None
            raise why from None

    def _take_envelope(self, file: LandedFile, path: Path) -> None:
        """Put the document into table `envelope`, checked as a whole."""
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableError("file_too_large", f"{path.stat().st_size} bytes",
                                  f"at most {MAX_BYTES} bytes of JSON; more as JSON Lines")  # fmt: skip
        text = read_json_object(file.relative_path, path.read_bytes())
        if isinstance(text, Problem):
            raise _RefusedDocumentError(text)
        kind = self.connection.execute("select json_type(?, '$.data')", [text]).fetchone()
        if kind != ("ARRAY",):
            raise UnreadableError(
                "missing_data", f"data: {str((kind or [None])[0]).lower()}", "a list of records"
            )
        self.connection.execute("delete from envelope where filename = ?", [str(path)])
        self.connection.execute("insert into envelope values (?, ?)", [str(path), text])

    def _with_wire(self, file: LandedFile, opened: OpenedFile, needs: Wanted) -> _Opened:
        path, fields = opened.path, needs.fields
        if opened.format in ("json", "lines"):
            with path.open("rb") as text:
                notes = note_alike(file.relative_path, text.read(_HEAD_BYTES), needs)
            is_document = opened.format == "json"  # read at once, so that it is never large
            wire = envelope_wire(fields) if is_document else plain_lines_wire(fields)
            return _Opened(file, opened, wire, tuple(notes), 0 if is_document else count_lines(path))
        values: CsvFile | None = None
        if opened.format == "csv":
            values = open_csv(path, needs)
            opened = replace(opened, path=values.path)
            columns, wire, rows = values.columns, csv_wire(values, fields), count_lines(path)
        else:
            assert self.mapping is not None
            columns = parquet_columns(self.connection, path, needs)
            wire = parquet_wire(self.connection, path, columns, fields, self.mapping)
            rows = rows_in(self.connection, path)
        missing = [] if opened.is_from_book else note_missing(file.relative_path, columns, needs)
        return _Opened(file, opened, wire, (*opened.notes, *missing), rows, values)

    def _stage(self, opened: _Opened) -> None:
        """Write the rows of one file, and take down which lines of it are none."""
        if opened.csv is not None and not opened.file.is_from_book:  # we quoted those ourselves
            self._check_quotes(opened.csv)
        if opened.file.format != "lines":
            self._classify_alone(opened, opened.wire.of([opened.file.path]))
        elif not self._are_lines_plain(opened):
            self._stage_lines(opened)
        self._take_rejects(opened)

    def _stage_lines(self, opened: _Opened) -> None:
        """JSON Lines with something odd in them."""
        fields = wanted(self.source, self._plan).fields
        try:
            self._classify_alone(opened, lines_wire(opened.file.path, fields))
        except duckdb.InvalidInputException:
            self._classify_alone(opened, lines_wire(with_unix_line_ends(opened.file.path), fields))

    def _note(self, opened: _Opened) -> None:
        """What refuses nothing and must be known all the same."""
        for note in opened.notes:
            values = [
                opened.landed.sha256,
                note.reason_code,
                note.field,
                note.found,
                note.expected,
                note.action,
            ]
            self.connection.execute("insert into noted values (?, ?, ?, ?, ?, ?)", values)

    def _are_lines_plain(self, opened: _Opened) -> bool:
        """Whether JSON Lines could be read the fast way: every line is an object as expected."""
        try:
            self._classify_alone(opened, opened.wire.of([opened.file.path]))
        except STOPS_FAST_READER:
            return False  # whatever it was, the other way tells which line
        rows = sum(rows_in(self.connection, path) for path in self._classified(opened.landed))
        return rows == opened.rows_at_most

    def _classify_alone(self, opened: _Opened, wire: str) -> None:
        file, scope = opened.landed, self.scopes[opened.landed.sender]
        lineage = {"source_file": literal(file.relative_path), "file_hash": literal(file.sha256),
                   "delivery_date": f"date '{file.delivery_date}'"} | _of_sender(file, scope)  # fmt: skip
        are_copies_marked = opened.rows_at_most <= MAX_ROWS_FOR_COPIES
        self._classify(file, classified_rows_sql(
            self.source, self._plan, wire, lineage, own=scope.pattern, are_copies_marked=are_copies_marked
        ))  # fmt: skip

    def _classify(self, file: LandedFile, query: str) -> None:
        """Write the rows of a file, plain ones apart from the others; of several files under the name of the first."""
        folder = self._folder(file)
        shutil.rmtree(folder, ignore_errors=True)
        self._forget_rejects()
        self._copy(query, folder, _PLAIN_FORMAT + ", partition_by (is_other)")

    def _folder(self, file: LandedFile) -> Path:
        return self.work / f"{file.sha256}.rows"

    def _rows(self, file: LandedFile, kind: str) -> Path:
        """Where DuckDB writes the rows of one kind."""
        return self._folder(file) / f"is_other={str(kind == _OTHER).lower()}" / "data_0.parquet"

    def _classified(self, file: LandedFile) -> list[Path]:
        return [path for kind in (_PLAIN, _OTHER) if (path := self._rows(file, kind)).exists()]

    def _check_quotes(self, values: CsvFile) -> None:
        """A stray quote makes one bad record of many good ones: the file is refused whole, not by one row of it.

        Where records are rejected, every line must belong to a record all the same. The text that the reader tells
        of a rejected one is cut, and at times another's, so that lines are counted.
        """
        found = [
            self.connection.execute(query).fetchall()[0]
            for query in self._each_pass(quotes_sql(values, [values.path]))
        ]
        lines, record = found[0][1], min((record for record, _ in found if record is not None), default=None)
        place = f"record {record}" if record is not None else ""
        if self._are_any_rejected():
            ((line, rejected),) = self.connection.execute(_REJECTED_LINES_SQL).fetchall()
            if len(found) > 1:
                raise UnreadableError("malformed_csv", f"line {line}: a malformed record, in a file so wide that its"
                                      " lines cannot be counted", "a cell for each column in every record")  # fmt: skip
            if self._count_csv_lines(values.path) > 1 + lines + rejected:
                place = f"line {line}" if rejected == 1 else f"line {line} or a later one of {rejected}"
        if place:
            raise UnreadableError("unbalanced_quote", f"{place}: a quote that takes in the lines after it",
                                  "each quote closed, and doubled within a text")  # fmt: skip

    def _each_pass(self, queries: Iterable[str]) -> Iterator[str]:
        for query in queries:
            self._forget_rejects()
            yield query

    def _count_csv_lines(self, path: Path) -> int:
        self._forget_rejects()
        ((lines,),) = self.connection.execute(csv_lines_sql(path)).fetchall()
        if self._are_any_rejected():  # too long, or not in UTF-8
            ((_, rejected),) = self.connection.execute(_REJECTED_LINES_SQL).fetchall()
            lines += rejected
        return int(lines)

    def _copy(self, query: str, target: Path, options: str) -> None:
        self.connection.execute(f"copy ({query}) to {literal(str(target))} (format parquet, {options})")

    def _forget_rejects(self) -> None:
        """Each pass over a file tells its malformed lines."""
        self.connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")

    def _are_any_rejected(self) -> bool:
        tables = "select count(*) from duckdb_tables() where table_name = 'reject_errors'"
        return self.connection.execute(tables).fetchone() != (0,) and self.connection.execute(
            "select count(*) from reject_errors"
        ).fetchone() != (0,)

    def _take_rejects(self, opened: _Opened) -> None:
        if not self._are_any_rejected():
            return
        file = opened.landed
        values = {"hash": file.sha256, "header": int(opened.csv is not None)}
        self.connection.execute(_TAKE_REJECTS_SQL, values)
        for path in self._classified(file) if self._has_rejects(file) else []:
            counted = path.replace(path.with_suffix(".counted"))
            numbered = _RENUMBERED_SQL.format(hash=literal(file.sha256), staged=f"({from_staged(counted)})")
            self._copy(numbered, path, "compression lz4")

    def _has_rejects(self, file: LandedFile) -> bool:
        query = "select count(*) from rejected where file_hash = ?"
        return self.connection.execute(query, [file.sha256]).fetchone() != (0,)


def rows_in(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """How many rows a staged file has."""
    ((rows,),) = connection.execute(f"select count(*) {from_staged(path)}").fetchall()
    return int(rows)


def _of_sender(file: LandedFile, scope: Scope) -> dict[str, str]:
    return {"sender": literal(file.sender), "precedence": str(scope.precedence)}


def from_staged(*paths: Path) -> str:
    """Staged files, for queries."""
    return (
        f"from read_parquet([{', '.join(literal(str(path)) for path in paths)}], hive_partitioning = false)"
    )


_FOUND_KEYS = ("reason_code", "severity", "field", "found", "expected", "action")
_JUDGED_COLUMNS = {
    "file_hash": "varchar",
    "record_no": "bigint",
    "problems": f"struct({', '.join(f'{key} varchar' for key in _FOUND_KEYS)})[]",
    "is_refused": "boolean",
    "row_text": "varchar",
}


#: What all readers of a run write into.
_TABLES = {
    "landed": {"file_hash": "varchar", "landed_as": "varchar"},
    "rejected": _REJECTED_COLUMNS,
    "judged": _JUDGED_COLUMNS,
    "noted": dict.fromkeys(("file_hash", "reason_code", "field", "found", "expected", "action"), "varchar"),
}


#: What the engine raises on content. In texts nothing is left to convert when they are read: what fails there besides
#: is ours. Messages that quote bytes of a file cannot be decoded.
_OF_BYTES = (duckdb.InvalidInputException, duckdb.IOException, duckdb.InternalException, UnicodeDecodeError)
_OF_PARQUET = (
    duckdb.ConversionException,
    duckdb.NotSupportedError,
    duckdb.OutOfRangeException,
    duckdb.SerializationException,
    duckdb.InvalidTypeException,
)
#: What may be gone when the file is read again.
PASSING = frozenset({"changed_while_reading", "vanished_file", "unreadable_file"})
#: What the system says, as DuckDB ends its messages with it: of a disk that is full, most of the time. No content brings
#: that about, and whatever is read next would fail too; but a file may be gone.
_SAID_BY_SYSTEM = tuple(f": {os.strerror(number)}" for number in errno.errorcode if number != errno.ENOENT)


def _tells_of_content(error: Exception, file_format: str) -> bool:
    """Whether it is raised by reading the bytes of a file. DuckDB gives what its Parquet reader meets no class."""
    if file_format == "parquet" and (isinstance(error, _OF_PARQUET) or type(error) is duckdb.Error):
        return True
    return isinstance(error, _OF_BYTES)


def _is_of_our_folders(error: Exception) -> bool:
    """Whether the machine failed: our folders cannot be written, whatever lies in the file."""
    if isinstance(error, OSError):
        return True  # those about the file itself are `held`'s
    return isinstance(error, duckdb.IOException) and str(error).endswith(_SAID_BY_SYSTEM)


def unread(file: str, error: Exception) -> Problem:
    """What keeps `file` from being read, where neither the file nor the machine is known to be at fault.

    Raises `error` where the machine is. Shows no message of the error: it may quote the file.
    """
    if _is_of_our_folders(error):
        raise error
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException):
        found, expected = "more than fits into the memory of a run", "a file that can be read within it"
        action = "let the next run read it again, in case it lay beside large ones; else split it"
        return Problem(file, NO_MEMORY, "$", "", found, expected, action)
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if "orchestration" in frame.filename
    ]
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    found = f"a fault of the warehouse, {type(error).__name__}{place}"
    action = "do not ask the sender but report this line to the maintainers; the next run reads it again"
    return Problem(file, OUR_DEFECT, "$", "", found, "that every file is read or refused", action)


class _RefusedDocumentError(UnreadableError):
    """Of a document, the place in it is known."""

    def __init__(self, refused: Problem) -> None:
        super().__init__(refused.reason_code, refused.found, refused.expected, refused.action)
        self.refused = refused

    def problem(self, _: str) -> Problem:
        """What is wrong with it."""
        return self.refused
