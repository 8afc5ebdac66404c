"""The files of a run, read: typed and judged rows, aside on disk.

Each file is read in one pass that writes the rows nothing can be wrong with as the lake will hold them, and a second
one of the few others: suspects, and records that share their key. The others of many files are typed and judged
together, because a statement that types costs a tenth of a second whatever it types.

Here: these passes. Not here: which files are read (`records`), and what of their rows becomes the batch
(`batch_rows`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from orchestration.ingest.json_document import MAX_BYTES, read_json_object
from orchestration.ingest.lake import create_table
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
from orchestration.ingest.problems import Problem
from orchestration.ingest.readers import (
    STOPS_FAST_READER,
    UnreadableError,
    Wire,
    csv_lines_sql,
    csv_wire,
    envelope_wire,
    lines_wire,
    native_moment_format,
    parquet_wire,
    plain_lines_wire,
    quotes_sql,
)
from orchestration.ingest.record_types import LINEAGE, RecordSource
from orchestration.ingest.unpack import OpenedFile, check_size, open_landed, with_unix_line_ends

#: Up to this size, keys that come twice in a file are looked for before it is read, so that its other rows are written
#: once. In larger files they are found afterwards, and those files written again.
MAX_BYTES_FOR_KEYS = 1024**3
#: So many other rows are typed and judged together: some 100 MB of them.
OTHERS_TOGETHER = 50_000
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


@dataclass
class Staging:
    """The rows of one run, in folder `work`.

    `plain` are the files of rows with which nothing is wrong, by hash of the content they come from; `others` the
    files of other rows, after `settle`. Table `judged` says what is wrong with those, `rejected` which lines are no
    records. `unreadable` files gave no row, and why.
    """

    connection: duckdb.DuckDBPyConnection
    source: RecordSource
    work: Path
    plain: dict[str, Path] = field(default_factory=dict)
    others: list[Path] = field(default_factory=list)
    unreadable: dict[str, Problem] = field(default_factory=dict)
    #: By which mapping the rows of table `other_wire` are to be typed.
    waiting: SourceMapping | None = None

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True, exist_ok=True)
        create_table(self.connection, "rejected", _REJECTED_COLUMNS)
        create_table(self.connection, "judged", _JUDGED_COLUMNS)

    def read(self, file: LandedFile, mapping: SystemMapping) -> None:
        """Stage the rows of `file`. Needs the macros of `mapping`, and `settle` before those of another are made.

        Never raises on content.
        """
        if self._count_waiting() > OTHERS_TOGETHER:
            self.settle()
        opened = open_landed(file, self.work, native_moment_format(mapping))
        problem = opened if isinstance(opened, Problem) else self._read(file, opened, mapping)
        if problem is not None:
            self.unreadable[file.sha256] = problem
            self.plain.pop(file.sha256, None)
            self._forget(file)
        for path in self.work.glob(f"*{file.sha256}.*"):
            if path != self.plain.get(file.sha256):
                path.unlink()

    def settle(self) -> None:
        """Type and judge the other rows of the files read since the last time."""
        if self.waiting is None:
            return
        target = self.work / f"others-{len(self.others):06}.rows"
        places = {column: column for column in LINEAGE if column != "record_no"}
        query = other_rows_sql(self.source, self.waiting, "from other_wire", places)
        self._copy(query, target, "compression lz4")
        suspects = f"{from_staged(target)} where suspect is not null"
        self.connection.execute(f"create or replace temp table suspect_now as {suspects}")
        self.connection.execute(
            f"insert into judged {judged_sql(self.source, self.waiting, 'from suspect_now')}"
        )
        self.connection.execute("drop table suspect_now; drop table other_wire")
        self.others.append(target)
        self.waiting = None

    def _forget(self, file: LandedFile) -> None:
        """Whatever was found in `file` outside its plain rows."""
        for table in ("rejected", *(["other_wire"] if self.waiting is not None else [])):
            self.connection.execute(f"delete from {table} where file_hash = ?", [file.sha256])

    def _count_waiting(self, file: LandedFile | None = None) -> int:
        """Rows of table `other_wire`, or those of one file."""
        if self.waiting is None:
            return 0
        where = f"where file_hash = {literal(file.sha256)}" if file else ""
        ((rows,),) = self.connection.execute(f"select count(*) from other_wire {where}").fetchall()
        return int(rows)

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
        plain = self.work / f"plain-{file.sha256}.rows"
        wire = self._wire(opened, plan, mapping)
        if opened.format == "csv" and not file.name.lower().endswith(".xlsx"):  # we quoted those ourselves
            self._check_quotes(opened.path, plan)
        self._stage_wire(file, opened, plan, wire, plain)
        self._take_rejects(file, opened, plain)
        self.plain[file.sha256] = plain
        if not self._count_rows(file, plain) and not self._has_rejects(file):
            raise UnreadableError("no_rows", "no record", "at least one")

    def _count_rows(self, file: LandedFile, plain: Path) -> int:
        return rows_in(self.connection, plain) + self._count_waiting(file)

    def _check_quotes(self, path: Path, plan: SourceMapping) -> None:
        """A stray quote makes one bad record of many good ones: the file is refused whole, not by one row of it.

        Where records are rejected, every line must belong to a record all the same. The text that the reader tells
        of a rejected one is cut, and at times another's, so that lines are counted.
        """
        self._forget_rejects()
        ((record, lines),) = self.connection.execute(quotes_sql(path, wire_fields(plan))).fetchall()
        place = f"record {record}" if record is not None else ""
        if self._are_any_rejected():
            ((line, rejected),) = self.connection.execute(_REJECTED_LINES_SQL).fetchall()
            if self._count_csv_lines(path) > 1 + lines + rejected:
                place = f"line {line}" if rejected == 1 else f"line {line} or a later one of {rejected}"
        if place:
            raise UnreadableError("unbalanced_quote", f"{place}: a quote that takes in the lines after it",
                                  "each quote closed, and doubled within a text")  # fmt: skip

    def _count_csv_lines(self, path: Path) -> int:
        self._forget_rejects()
        ((lines,),) = self.connection.execute(csv_lines_sql(path)).fetchall()
        if self._are_any_rejected():  # too long, or not in UTF-8
            ((_, rejected),) = self.connection.execute(_REJECTED_LINES_SQL).fetchall()
            lines += rejected
        return int(lines)

    def _stage_wire(
        self, file: LandedFile, opened: OpenedFile, plan: SourceMapping, wire: Wire, plain: Path
    ) -> None:
        """Write the rows of `file`. JSON Lines go the fast way if every line is an object as expected."""
        counted = wire.keys is not None and opened.path.stat().st_size <= MAX_BYTES_FOR_KEYS
        records, are_plain = self._count_keys(wire) if counted else (None, False)
        if opened.format == "lines" and are_plain:
            fast = plain_lines_wire(opened.path, wire_fields(plan), key_field(self.source, plan))
            try:
                self._read_both(file, plan, fast, records, plain)
            except STOPS_FAST_READER:
                pass  # whatever it was, the other way tells which line
            else:
                if records == self._count_rows(file, plain):
                    return
        self._read_both(file, plan, wire, records, plain)

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
        self, file: LandedFile, plan: SourceMapping, wire: Wire, records: int | None, plain: Path
    ) -> None:
        """Write the plain rows, then the others; `records` is how many there are of both, if their keys are counted."""
        self._forget(file)
        self._read_plain(file, plan, wire, records is not None, plain)
        if records is None or records > rows_in(self.connection, plain):
            self._read_others(file, plan, wire, plain)

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

    def _read_others(self, file: LandedFile, plan: SourceMapping, wire: Wire, plain: Path) -> None:
        """Put all other records of the file into table `other_wire`, as they came."""
        kept = f"record_no not in (select record_no {from_staged(plain)})"
        places = ", ".join(f"{value} as {column}" for column, value in _lineage(file).items())
        query = f"select {places}, * from ({wire.where(kept)})"
        self._forget_rejects()
        if self.waiting is None:
            self.connection.execute(f"create or replace temp table other_wire as {query}")
            self.waiting = plan
        else:
            self.connection.execute(f"insert into other_wire by name {query}")

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

    def _take_rejects(self, file: LandedFile, opened: OpenedFile, plain: Path) -> None:
        if not self._are_any_rejected():
            return
        self.connection.execute("delete from rejected where file_hash = ?", [file.sha256])
        values = {"hash": file.sha256, "header": int(opened.format == "csv")}
        self.connection.execute(_TAKE_REJECTS_SQL, values)
        if not self._has_rejects(file):
            return
        counted, own = plain.replace(plain.with_suffix(".counted")), literal(file.sha256)
        self._copy(
            _RENUMBERED_SQL.format(hash=own, staged=f"({from_staged(counted)})"), plain, "compression lz4"
        )
        if self._count_waiting(file):
            here = f"(from other_wire where file_hash = {own})"
            self.connection.execute(
                "create or replace temp table renumbered as " + _RENUMBERED_SQL.format(hash=own, staged=here)
            )
            self.connection.execute(f"delete from other_wire where file_hash = {own}")
            self.connection.execute("insert into other_wire from renumbered; drop table renumbered")

    def _has_rejects(self, file: LandedFile) -> bool:
        query = "select count(*) from rejected where file_hash = ?"
        return self.connection.execute(query, [file.sha256]).fetchone() != (0,)


def rows_in(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """How many rows a staged file has."""
    ((rows,),) = connection.execute(f"select count(*) {from_staged(path)}").fetchall()
    return int(rows)


def _lineage(file: LandedFile) -> dict[str, str]:
    return {"source_file": literal(file.relative_path), "file_hash": literal(file.sha256),
            "delivery_date": f"date '{file.delivery_date}'", "sender": literal(file.sender)}  # fmt: skip


def from_staged(path: Path) -> str:
    """A staged file, for queries."""
    return f"from read_parquet({literal(str(path))}, hive_partitioning = false)"


_FOUND_KEYS = ("reason_code", "severity", "field", "found", "expected", "action")
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
