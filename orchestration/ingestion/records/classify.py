"""The rows of opened files, written as the lake will hold them, each kind in a file of its own (ADR 0019).

Here: the one pass over a file, of one alone or of several alike, and the lines of it that are no records. Not here:
validating the few rows that need it, and what happens where a file fails (`read_files`).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from orchestration.ingestion.formats.csv_file import CsvFile, csv_lines_sql, quotes_sql
from orchestration.ingestion.formats.json_lines import STOPS_FAST_READER, lines_wire
from orchestration.ingestion.formats.line_ends import with_unix_line_ends
from orchestration.ingestion.formats.wire import each_numbered
from orchestration.ingestion.lake import create_table, insert
from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import UnreadableError
from orchestration.ingestion.records.open_records import OpenedRecords
from orchestration.ingestion.records.reading import KINDS, Reading, from_staged, rows_in
from orchestration.sql_text import literal

#: In files of up to so many rows, copies of a row are marked at once, so that they need not be taken out of the valid
#: ones: 200 MB of hashes. In larger ones they are found afterwards, and those files written again.
MAX_ROWS_FOR_COPIES = 4_000_000
#: Half of what DuckDB takes by itself: faster to write, with less memory.
ROWS_OF_GROUP = 61_440
#: A dictionary of more values than there are procedures in a province is given up in the end: most columns of many
#: values have another one in each row.
_FORMAT = (
    f"format parquet, compression zstd, compression_level 1, dictionary_size_limit 4096,"
    f" row_group_size {ROWS_OF_GROUP}, partition_by (row_kind)"
)
#: What is written of each file that is read together with others.
_READ_TOGETHER = {
    "filename": "varchar",
    "source_file": "varchar",
    "file_hash": "varchar",
    "delivery_date": "date",
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
from ({staged}) as staged
asof left join moved on staged.record_no >= moved.first_no
order by staged.record_no
"""


def written(reading: Reading, file: LandedFile) -> dict[str, Path]:
    """What lies on disk of `file`, read alone or as the first of several, by kind."""
    paths = {kind: _folder(reading, file) / f"row_kind={kind}" / "data_0.parquet" for kind in KINDS}
    return {kind: path for kind, path in paths.items() if path.exists()}


def forget_written(reading: Reading, file: LandedFile) -> None:
    """Remove that."""
    shutil.rmtree(_folder(reading, file), ignore_errors=True)


def classify(reading: Reading, opened: OpenedRecords) -> None:
    """Write the rows of one file, and take down which lines of it are none."""
    if opened.csv is not None and not opened.file.is_from_book:  # we quoted those ourselves
        _check_quotes(reading.connection, opened.csv)
    if opened.file.format != "lines":
        _write_one(reading, opened, opened.wire.of([opened.file.path]))
    elif not _are_lines_plain(reading, opened):
        _write_lines(reading, opened)
    _take_rejects(reading, opened)


def classify_together(reading: Reading, some: Sequence[OpenedRecords]) -> bool:
    """Write the rows of files with an equal kind of wire, in one statement; whether nothing is odd in any of them."""
    first = some[0]
    paths = [opened.file.path for opened in some]
    if first.csv is not None and not first.file.is_from_book:
        queries = [*quotes_sql(first.csv, paths)]
        if len(queries) > 1 or reading.connection.execute(queries[0]).fetchall()[0][0] is not None:
            return False
    create_table(reading.connection, "read_together", _READ_TOGETHER)
    of_files = [
        {"filename": str(opened.file.path), "source_file": opened.landed.relative_path,
         "file_hash": opened.landed.sha256, "delivery_date": opened.landed.delivery_date}
        for opened in some
    ]  # fmt: skip
    insert(reading.connection, "read_together", _READ_TOGETHER, of_files)
    relation = each_numbered(f"select * from ({first.wire.of(paths)}) join read_together using (filename)")
    lineage = {column: column for column in ("source_file", "file_hash", "delivery_date")}
    write_rows(reading, first.landed, relation, lineage, are_copies_marked=False)
    if _are_any_rejected(reading.connection):
        return False
    rows = {opened.landed.sha256: opened.rows_at_most for opened in some}
    return first.file.format != "lines" or _rows_by_file(reading, first.landed) == rows


def _rows_by_file(reading: Reading, first: LandedFile) -> dict[str, int]:
    staged = from_staged(*written(reading, first).values())
    return dict(
        reading.connection.execute(f"select file_hash, count(*) {staged} group by file_hash").fetchall()
    )


def _write_lines(reading: Reading, opened: OpenedRecords) -> None:
    """JSON Lines with something odd in them."""
    fields = reading.plan.fields
    try:
        _write_one(reading, opened, lines_wire(opened.file.path, fields))
    except duckdb.InvalidInputException:
        _write_one(reading, opened, lines_wire(with_unix_line_ends(opened.file.path), fields))


def _are_lines_plain(reading: Reading, opened: OpenedRecords) -> bool:
    """Whether JSON Lines could be read the fast way: every line is an object as expected."""
    try:
        _write_one(reading, opened, opened.wire.of([opened.file.path]))
    except STOPS_FAST_READER:
        return False  # whatever it was, the other way shows which line
    rows = sum(rows_in(reading.connection, path) for path in written(reading, opened.landed).values())
    return rows == opened.rows_at_most


def _write_one(reading: Reading, opened: OpenedRecords, relation: str) -> None:
    file = opened.landed
    lineage = {"source_file": literal(file.relative_path), "file_hash": literal(file.sha256),
               "delivery_date": f"date '{file.delivery_date}'"}  # fmt: skip
    are_copies_marked = opened.rows_at_most <= MAX_ROWS_FOR_COPIES
    write_rows(reading, file, relation, lineage, are_copies_marked=are_copies_marked)


def write_rows(
    reading: Reading, file: LandedFile, relation: str, lineage: Mapping[str, str], *, are_copies_marked: bool
) -> None:
    """Write the rows of `relation`, which are of `file` or of several of which it is the first."""
    scope = reading.scopes[file.sender]
    lineage = {**lineage, "sender": literal(file.sender), "precedence": str(scope.precedence)}
    query = reading.query.classified(
        relation, lineage, own=scope.pattern, are_copies_marked=are_copies_marked
    )
    copy_rows(reading, file, query)


def copy_rows(reading: Reading, file: LandedFile, query: str) -> None:
    """Write what `query` gives, each kind apart, in place of what was written of `file` before."""
    forget_written(reading, file)
    _forget_rejects(reading.connection)
    reading.connection.execute(f"copy ({query}) to {literal(_folder(reading, file))} ({_FORMAT})")


def _folder(reading: Reading, file: LandedFile) -> Path:
    return reading.staged.work / f"{file.sha256}.rows"


def _check_quotes(connection: duckdb.DuckDBPyConnection, values: CsvFile) -> None:
    """A stray quote makes one bad record of many good ones: the file is refused whole, not by one row of it.

    Where records are rejected, every line must belong to a record all the same. The text that the reader gives
    of a rejected one is cut, and at times another's, so that lines are counted.
    """
    found = []
    for query in quotes_sql(values, [values.path]):
        _forget_rejects(connection)
        found.append(connection.execute(query).fetchall()[0])
    lines, record = found[0][1], min((record for record, _ in found if record is not None), default=None)
    place = f"record {record}" if record is not None else ""
    if _are_any_rejected(connection):
        ((line, rejected),) = connection.execute(_REJECTED_LINES_SQL).fetchall()
        if len(found) > 1:
            raise UnreadableError("malformed_csv", f"line {line}: a malformed record, in a file so wide that its"
                                  " lines cannot be counted", "a cell for each column in every record")  # fmt: skip
        if _count_csv_lines(connection, values.path) > 1 + lines + rejected:
            place = f"line {line}" if rejected == 1 else f"line {line} or a later one of {rejected}"
    if place:
        raise UnreadableError("unbalanced_quote", f"{place}: a quote that takes in the lines after it",
                              "each quote closed, and doubled within a text")  # fmt: skip


def _count_csv_lines(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    _forget_rejects(connection)
    ((lines,),) = connection.execute(csv_lines_sql(path)).fetchall()
    if _are_any_rejected(connection):  # too long, or not in UTF-8
        ((_, rejected),) = connection.execute(_REJECTED_LINES_SQL).fetchall()
        lines += rejected
    return int(lines)


def _forget_rejects(connection: duckdb.DuckDBPyConnection) -> None:
    """Each pass over a file lists its malformed lines."""
    connection.execute("drop table if exists reject_errors; drop table if exists reject_scans")


def _are_any_rejected(connection: duckdb.DuckDBPyConnection) -> bool:
    tables = "select count(*) from duckdb_tables() where table_name = 'reject_errors'"
    return connection.execute(tables).fetchone() != (0,) and connection.execute(
        "select count(*) from reject_errors"
    ).fetchone() != (0,)


def _take_rejects(reading: Reading, opened: OpenedRecords) -> None:
    connection, file = reading.connection, opened.landed
    if not _are_any_rejected(connection):
        return
    connection.execute(_TAKE_REJECTS_SQL, {"hash": file.sha256, "header": int(opened.csv is not None)})
    if connection.execute("select count(*) from rejected where file_hash = ?", [file.sha256]).fetchone() == (
        0,
    ):
        return
    for path in written(reading, file).values():
        counted = path.replace(path.with_suffix(".counted"))
        numbered = _RENUMBERED_SQL.format(hash=literal(file.sha256), staged=from_staged(counted))
        connection.execute(f"copy ({numbered}) to {literal(path)} (format parquet, compression lz4)")
