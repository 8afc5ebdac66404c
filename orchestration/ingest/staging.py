"""Between the files of a run and its batch: typed and judged rows, aside on disk.

Each file is read in one pass that writes the rows nothing can be wrong with as the lake will hold them, and a second
one of the few others: suspects, and records that share their key. Those are judged, and join the rest if accepted.
Memory stays flat: everything streams, and duplicates are looked for a part of the keys at a time.

Here: these passes, finding rows that came twice, counting, and writing out what was accepted and what was refused.
Not here: which files are read, and what becomes of the batch (`records`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.ingest.json_document import MAX_BYTES, read_json_object
from orchestration.ingest.lake import create_table, write_parquet
from orchestration.ingest.landing import LandedFile, read_landed
from orchestration.ingest.mapping import SourceMapping, SystemMapping
from orchestration.ingest.mapping_sql import (
    judged_sql,
    key_field,
    literal,
    other_rows_sql,
    plain_rows_sql,
    wire_fields,
)
from orchestration.ingest.outcome import Verdict
from orchestration.ingest.problems import RESEND, Problem
from orchestration.ingest.readers import (
    STOPS_FAST_READER,
    UnreadableError,
    Wire,
    csv_wire,
    envelope_wire,
    lines_wire,
    native_moment_format,
    parquet_wire,
    plain_lines_wire,
    swallowed_sql,
)
from orchestration.ingest.record_types import RecordSource
from orchestration.ingest.report import PROBLEMS_SHOWN
from orchestration.ingest.unpack import OpenedFile, check_size, open_landed, with_unix_line_ends

#: Duplicates are looked for among so many rows at a time: some 400 MB of hashes.
ROWS_A_PART = 16_000_000
#: Up to this size, keys that come twice in a file are looked for before it is read, so that its other rows are written
#: once. In larger files they are found afterwards, and those files written again.
MAX_BYTES_FOR_KEYS = 1024**3
#: A file with so many plain rows becomes a file of the batch as it is. Smaller ones are written together.
ROWS_OF_OWN_FILE = 100_000

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
#: The reader numbers what it lets through: number k is the record after as many rejected ones as lie before it.
_RENUMBERED_SQL = """
with numbered as (
    select record_no, row_number() over (order by record_no) as place from rejected where file_hash = {hash}
),

moved as (select record_no - place + 1 as first_no, max(place) as place from numbered group by first_no)

select staged.* replace (staged.record_no + coalesce(moved.place, 0) as record_no)
from staged_now as staged
asof left join moved on staged.record_no >= moved.first_no
order by staged.record_no
"""
#: Only rows with the same values can be the same; lists, which are dear to read, are then compared for few.
_ALIKE_SQL = """
insert into alike
select content from (select hash({values}) as content from staged)
where content % $parts::ubigint = $part::ubigint group by content having count(*) > 1
"""
#: One copy of each row speaks, the one delivered last, as it would if the copies came in runs of their own.
#: Equal hashes are compared with their key too: 64 bits then tell the versions of one record apart.
_DUPLICATES_SQL = """
insert into repeated
with candidate as (
    select file_hash, record_no, hash({columns}) as row_hash, {key} as record_key, delivery_date
    from ({rows})
    where hash({values}) in (from alike) and (file_hash, record_no) not in {refused}
),

twice as (select row_hash from candidate group by row_hash having count(*) > 1)

select file_hash, record_no from candidate semi join twice using (row_hash)
qualify row_number() over (
    partition by row_hash, record_key order by delivery_date desc, file_hash desc, record_no desc) > 1
"""
_FOUND_SQL = """
select file_hash, record_no, unnest(problems, recursive := true), row_text from judged
union all by name
select file_hash, record_no, reason_code, 'error' as severity, '' as field, 'text that is no record' as found,
    'one whole record in UTF-8' as expected, {resend} as action, row_text
from rejected
"""
_COUNTS_SQL = """
with rows as (
    select file_hash, count(*) as read, 0 as refused, 0 as aside from staged group by file_hash
    union all
    select file_hash, 0, count(*) filter (is_refused),
        sum(len(list_filter(problems, lambda p: p.severity = 'aside')))
    from judged group by file_hash
    union all
    select file_hash, count(*), count(*), 0 from rejected group by file_hash
)
select file_hash, sum(read)::bigint, sum(refused)::bigint, coalesce(sum(aside), 0)::bigint,
    coalesce(any_value(repeats), 0)
from rows
left join (select file_hash, count(*) as repeats from repeated group by file_hash) using (file_hash)
group by file_hash
"""
_REFUSED = "(select (file_hash, record_no) from judged where is_refused)"


@dataclass(frozen=True)
class StagedFile:
    """The rows of one file: `plain`, with which nothing is wrong, and `others`, if there are any, which have the column
    `suspect` too.
    """

    plain: Path
    others: Path

    @property
    def paths(self) -> list[Path]:
        """The files there are."""
        return [self.plain, self.others] if self.others.exists() else [self.plain]


@dataclass
class Staging:
    """The rows of one run, in folder `work`; `unreadable` are the files that gave none, and why."""

    connection: duckdb.DuckDBPyConnection
    source: RecordSource
    work: Path
    staged: dict[str, StagedFile] = field(default_factory=dict)
    unreadable: dict[str, Problem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        create_table(self.connection, "rejected", _REJECTED_COLUMNS)
        create_table(self.connection, "judged", _JUDGED_COLUMNS)
        create_table(self.connection, "repeated", {"file_hash": "varchar", "record_no": "bigint"})
        create_table(self.connection, "alike", {"content": "ubigint"})

    def read(self, file: LandedFile, mapping: SystemMapping) -> None:
        """Stage all rows of `file`. Needs the macros of `mapping`. Never raises on content."""
        opened = open_landed(file, self.work, native_moment_format(mapping))
        problem = opened if isinstance(opened, Problem) else self._read(file, opened, mapping)
        if problem is not None:
            self.unreadable[file.sha256] = problem
            self.staged.pop(file.sha256, None)
            for table in ("rejected", "judged"):
                self.connection.execute(f"delete from {table} where file_hash = ?", [file.sha256])
        staged = self.staged.get(file.sha256)
        for path in self.work.glob(f"*{file.sha256}.*"):
            if staged is None or path not in staged.paths:
                path.unlink()

    def _read(self, file: LandedFile, opened: OpenedFile, mapping: SystemMapping) -> Problem | None:
        try:
            if opened.format == "json":
                self._take_envelope(file, opened.path)
            if opened.format == "lines" and b"\r" in opened.path.open("rb").read(64 * 1024):
                opened = OpenedFile(with_unix_line_ends(opened.path), opened.format)
            try:
                self._stage(file, opened, mapping)
            except duckdb.InvalidInputException:
                if opened.format != "lines":
                    raise
                self._stage(file, OpenedFile(with_unix_line_ends(opened.path), opened.format), mapping)
            check_size(file)
        except UnreadableError as why:
            return why.problem(file.relative_path)
        except _RefusedDocument as why:
            return why.problem
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException):
            raise  # our own SQL is wrong, not the file
        except duckdb.Error as error:
            return UnreadableError(f"malformed_{opened.format}", type(error).__name__,
                                   "a file that DuckDB can read").problem(file.relative_path)  # fmt: skip
        return None

    def _take_envelope(self, file: LandedFile, path: Path) -> None:
        """Put the document into table `envelope`, checked as a whole."""
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableError("file_too_large", f"{path.stat().st_size} bytes",
                                  f"at most {MAX_BYTES} bytes of JSON; more as JSON Lines")  # fmt: skip
        data = path.read_bytes() if file.name.lower().endswith(".gz") else read_landed(file, MAX_BYTES)
        text = data if isinstance(data, Problem) else read_json_object(file.relative_path, data)
        if isinstance(text, Problem):
            raise _RefusedDocument(text)
        create_table(self.connection, "envelope", {"body": "json"})
        self.connection.execute("insert into envelope values (?)", [text])
        kind = self.connection.execute("select json_type(body, '$.data') from envelope").fetchone()
        if kind != ("ARRAY",):
            raise UnreadableError(
                "missing_data", f"data: {str((kind or [None])[0]).lower()}", "a list of records"
            )

    def _stage(self, file: LandedFile, opened: OpenedFile, mapping: SystemMapping) -> None:
        plan = mapping.sources.get(self.source.name)
        if plan is None:
            raise UnreadableError(
                "no_mapping", f"mapping {mapping.name}", f"one that knows {self.source.name}"
            )
        staged = StagedFile(self.work / f"plain-{file.sha256}.rows", self.work / f"others-{file.sha256}.rows")
        wire = self._wire(opened, plan, mapping)
        if opened.format == "csv":
            self._check_quotes(opened.path, plan)
        self._stage_wire(file, opened, plan, wire, staged)
        self._take_rejects(file, opened, staged)
        if staged.others.exists():
            self._judge(plan, staged.others)
        self.staged[file.sha256] = staged
        if not any(map(self._rows_in, staged.paths)) and not self._has_rejects(file):
            raise UnreadableError("no_rows", "no record", "at least one")

    def _judge(self, plan: SourceMapping, others: Path) -> None:
        """Add what is wrong with suspects to table `judged`."""
        suspects = f"{_from(others)} where suspect is not null"
        self.connection.execute(f"create or replace temp table suspect_now as {suspects}")
        self.connection.execute(f"insert into judged {judged_sql(self.source, plan, 'from suspect_now')}")
        self.connection.execute("drop table suspect_now")

    def _check_quotes(self, path: Path, plan: SourceMapping) -> None:
        """A stray quote makes one bad record of many good ones: the file is refused whole, not by one row of it."""
        self._forget_rejects()
        query = swallowed_sql(path, wire_fields(plan), key_field(self.source, plan))
        ((record,),) = self.connection.execute(query).fetchall()  # to its end: only then rejects are told
        place = f"record {record}"
        if self._are_any_rejected():
            query = ("select min(line) from reject_errors where error_type = 'UNQUOTED VALUE'"
                     " and contains(trim(csv_line, chr(10) || chr(13)), chr(10))")  # fmt: skip
            (line,) = self.connection.execute(query).fetchone() or (None,)
            record, place = (line, f"line {line}") if line is not None else (record, place)
        if record is not None:
            raise UnreadableError("unbalanced_quote", f"{place}: a quote that takes in the lines after it",
                                  "each quote closed, and doubled within a text")  # fmt: skip

    def _stage_wire(
        self, file: LandedFile, opened: OpenedFile, plan: SourceMapping, wire: Wire, staged: StagedFile
    ) -> None:
        """Write the rows of `file`. JSON Lines go the fast way if every line is an object as expected."""
        counted = wire.keys is not None and opened.path.stat().st_size <= MAX_BYTES_FOR_KEYS
        records, are_plain = self._count_keys(wire) if counted else (None, False)
        if opened.format == "lines" and are_plain:
            fast = plain_lines_wire(opened.path, wire_fields(plan), key_field(self.source, plan))
            try:
                self._read_both(file, plan, fast, records, staged)
            except STOPS_FAST_READER:
                pass  # whatever it was, the other way tells which line
            else:
                if records == sum(map(self._rows_in, staged.paths)):
                    return
        self._read_both(file, plan, wire, records, staged)

    def _count_keys(self, wire: Wire) -> tuple[int | None, bool]:
        """How often each key comes in a file, as table `key_count`. The number of records, if none is malformed, and
        whether all are plain.
        """
        self._forget_rejects()
        self.connection.execute(
            "create or replace temp table key_count as select key_text, count(*) as records,"
            f" bool_and(is_plain) as are_plain from ({wire.keys}) group by key_text"
        )
        query = "select sum(records)::bigint, coalesce(bool_and(are_plain), false) from key_count"
        (found,) = self.connection.execute(query).fetchall()
        return (None, False) if self._are_any_rejected() else found

    def _read_both(
        self, file: LandedFile, plan: SourceMapping, wire: Wire, records: int | None, staged: StagedFile
    ) -> None:
        """Write the plain rows, then the others; `records` is how many there are of both, if their keys are counted."""
        staged.others.unlink(missing_ok=True)
        self._read_plain(file, plan, wire, records is not None, staged.plain)
        if records is None or records > self._rows_in(staged.plain):
            self._read_others(file, plan, wire, staged)

    def _wire(self, opened: OpenedFile, plan: SourceMapping, mapping: SystemMapping) -> Wire:
        fields, key = wire_fields(plan), key_field(self.source, plan)
        if opened.format == "json":
            return envelope_wire(fields)
        if opened.format == "csv":
            return csv_wire(opened.path, fields, key)
        if opened.format == "parquet":
            return parquet_wire(self.connection, opened.path, fields, key, mapping)
        return lines_wire(opened.path, fields, key)

    def _read_plain(
        self, file: LandedFile, plan: SourceMapping, wire: Wire, are_keys_counted: bool, target: Path
    ) -> None:
        """Write the rows nothing can be wrong with."""
        repeated = "(from key_count where records > 1)" if are_keys_counted else None
        self._forget_rejects()
        self.connection.execute("set disabled_optimizers = 'filter_pushdown'")
        try:
            query = plain_rows_sql(self.source, plan, wire.records, _lineage(file), repeated)
            self._copy(query, target, "compression zstd, compression_level 1")
        finally:
            self.connection.execute("reset disabled_optimizers")

    def _read_others(self, file: LandedFile, plan: SourceMapping, wire: Wire, staged: StagedFile) -> None:
        """Write all other rows of the file, which are few: brought together first, as each chunk of rows costs much,
        however few rows are in it.
        """
        kept = f"record_no not in (select record_no from read_parquet({literal(str(staged.plain))}))"
        self._forget_rejects()
        self.connection.execute(f"create or replace temp table others_now as {wire.where(kept)}")
        query = other_rows_sql(self.source, plan, "from others_now", _lineage(file))
        self._copy(query, staged.others, "compression lz4")
        self.connection.execute("drop table others_now")

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

    def _take_rejects(self, file: LandedFile, opened: OpenedFile, staged: StagedFile) -> None:
        if not self._are_any_rejected():
            return
        self.connection.execute("delete from rejected where file_hash = ?", [file.sha256])
        values = {"hash": file.sha256, "header": int(opened.format == "csv")}
        self.connection.execute(_TAKE_REJECTS_SQL, values)
        if self._has_rejects(file):
            for path in staged.paths:
                counted = path.replace(path.with_suffix(".counted"))
                self.connection.execute(f"create or replace temp view staged_now as {_from(counted)}")
                self._copy(_RENUMBERED_SQL.format(hash=literal(file.sha256)), path, "compression lz4")

    def _rows_in(self, path: Path) -> int:
        (rows,) = self.connection.execute(
            f"select count(*) from read_parquet({literal(str(path))})"
        ).fetchone() or (0,)
        return int(rows)

    def _has_rejects(self, file: LandedFile) -> bool:
        query = "select count(*) from rejected where file_hash = ?"
        return self.connection.execute(query, [file.sha256]).fetchone() != (0,)

    def find_duplicates(self) -> None:
        """Mark every row that the lake could not tell from another of this run, but for the last delivered."""
        paths = [path for staged in self.staged.values() for path in staged.paths]
        self.connection.execute(f"create or replace temp view staged as {self._rows_of(paths)}")
        (rows,) = self.connection.execute("select count(*) from staged").fetchone() or (0,)
        parts = rows // ROWS_A_PART + 1
        values = ", ".join(column.name for column in self.source.values)
        for part in range(parts):
            self.connection.execute(_ALIKE_SQL.format(values=values), {"parts": parts, "part": part})
        alike = self.connection.execute(
            f"select distinct filename from ({self._rows_of(paths, 'filename')}) where hash({values}) in (from alike)"
        ).fetchall()
        if alike:
            words = {"key": self.source.columns[0].name, "values": values, "refused": _REFUSED,
                     "columns": ", ".join(column.name for column in self.source.columns),
                     "rows": self._rows_of([Path(path) for (path,) in alike])}  # fmt: skip
            self.connection.execute(_DUPLICATES_SQL.format(**words))

    def verdicts(self, first_copies: dict[str, LandedFile]) -> dict[str, Verdict]:
        """By content hash. Needs `find_duplicates`."""
        counts = {row[0]: row[1:] for row in self.connection.execute(_COUNTS_SQL).fetchall()}
        reasons_query = f"select distinct file_hash, reason_code from ({self._found()}) order by all"
        reasons: dict[str, list[str]] = {}
        for sha256, reason in self.connection.execute(reasons_query).fetchall():
            reasons.setdefault(sha256, []).append(reason)
        result = {}
        for sha256, file in first_copies.items():
            if sha256 in self.unreadable:
                problem = self.unreadable[sha256]
                result[sha256] = Verdict(0, 0, 0, (problem.reason_code,), (problem,))
                continue
            read, refused, aside, repeats = counts[sha256]
            problems = self._first_problems(file) if sha256 in reasons else ()
            result[sha256] = Verdict(read, refused, aside, tuple(reasons.get(sha256, ())), problems, repeats)
        return result

    def _first_problems(self, file: LandedFile) -> tuple[Problem, ...]:
        rows = self.connection.execute(
            f"select reason_code, 'record ' || record_no, field, found, expected, action from ({self._found()})"
            f" where file_hash = ? order by severity desc, record_no, field, reason_code limit {PROBLEMS_SHOWN}",
            [file.sha256],
        ).fetchall()
        return tuple(Problem(file.relative_path, *row) for row in rows)

    def write_rows(self, folder: Path) -> None:
        """Write what was accepted: rows.parquet, and rows-<file>.parquet for each file large enough."""
        folder.mkdir(parents=True, exist_ok=True)
        together = []
        for sha256, staged in sorted(self.staged.items()):
            together += staged.paths
            if self._rows_in(staged.plain) >= ROWS_OF_OWN_FILE and not self._has_repeated(
                sha256, staged.plain
            ):
                together.remove(staged.plain)
                staged.plain.replace(folder / f"rows-{sha256[:16]}.parquet")
        columns = ", ".join(self.source.row_columns)
        query = (
            f"select {columns} from ({self._rows_of(together)}) where (file_hash, record_no) not in {_REFUSED}"
            " and (file_hash, record_no) not in (select (file_hash, record_no) from repeated)"
        )
        write_parquet(self.connection.sql(query), folder / "rows.parquet")

    def _has_repeated(self, sha256: str, plain: Path) -> bool:
        query = (f"select count(*) from repeated where file_hash = ? and record_no in"
                 f" (select record_no from read_parquet({literal(str(plain))}))")  # fmt: skip
        return self.connection.execute(query, [sha256]).fetchone() != (0,)

    def write_quarantine(self, first_copies: dict[str, LandedFile], folder: Path) -> None:
        """One file a content with problems, replacing what an earlier run found in the same content."""
        for sha256, file in first_copies.items():
            path = folder / f"{sha256}.parquet"
            place = f"{literal(sha256)} as file_hash, date '{file.delivery_date}' as delivery_date"
            name = f"{literal(file.relative_path)} as file"
            if sha256 in self.unreadable:
                problem = vars(self.unreadable[sha256])
                shown = ", ".join(f"{literal(problem[key])} as {key}" for key in _PROBLEM_KEYS)
                query = f"select {name}, {shown}, 'error' as severity, {place}, null::varchar as row_text"
            else:
                found = f"select * from ({self._found()}) where file_hash = {literal(sha256)}"
                if self.connection.execute(f"select count(*) from ({found})").fetchone() == (0,):
                    path.unlink(missing_ok=True)
                    continue
                query = (f"select {name}, reason_code, 'record ' || record_no as record, field, found, expected,"
                         f" action, severity, {place}, row_text from ({found})")  # fmt: skip
            write_parquet(self.connection.sql(query), path)

    def _found(self) -> str:
        return _FOUND_SQL.format(resend=literal(RESEND))

    def _rows_of(self, paths: Sequence[Path], *more: str) -> str:
        """A query of the rows in some files of staged rows, in order of content, so that names of files do not show.

        `plain` files come first: DuckDB takes their columns for those of all.
        """
        columns = ", ".join([*self.source.row_columns, *more])
        if not paths:
            nulls = ", ".join(f"null::{kind} as {name}" for name, kind in self.source.row_columns.items())
            return f"select {', '.join([nulls, *(f'null as {name}' for name in more)])} limit 0"
        listed = ", ".join(literal(str(path)) for path in sorted(paths, reverse=True))
        return f"select {columns} from read_parquet([{listed}], hive_partitioning = false)"


def _lineage(file: LandedFile) -> dict[str, str]:
    return {"source_file": literal(file.relative_path), "file_hash": literal(file.sha256),
            "delivery_date": f"date '{file.delivery_date}'", "sender": literal(file.sender)}  # fmt: skip


def _from(path: Path) -> str:
    return f"from read_parquet({literal(str(path))}, hive_partitioning = false)"


_FOUND_KEYS = ("reason_code", "severity", "field", "found", "expected", "action")
_PROBLEM_KEYS: Sequence[str] = ("reason_code", "record", "field", "found", "expected", "action")
_JUDGED_COLUMNS = {
    "file_hash": "varchar",
    "record_no": "bigint",
    "problems": f"struct({', '.join(f'{key} varchar' for key in _FOUND_KEYS)})[]",
    "is_refused": "boolean",
    "row_text": "varchar",
}


class _RefusedDocument(Exception):  # noqa: N818  (it is no error of ours)
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason_code)
        self.problem = problem
