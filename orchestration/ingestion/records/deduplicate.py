"""The staged rows of a run, together: which came twice, how many there are of each kind, and what is written where.

Memory stays flat: everything streams, and duplicates are looked for a part of the rows at a time.

Here: what needs all files of the run. Not here: reading them (`read_files`), and whether the batch becomes visible
(`run`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.ingestion.lake import create_table, write_parquet
from orchestration.ingestion.problems import RESEND
from orchestration.ingestion.records.reading import (
    DUPLICATE,
    TO_VALIDATE,
    VALID,
    Staged,
    from_staged,
    rows_in,
)
from orchestration.ingestion.run import make_tables, refuse
from orchestration.sql_text import literal

#: Duplicates are looked for among so many rows at a time: some 400 MB of hashes.
ROWS_A_PART = 16_000_000
#: A file with so many valid rows becomes a file of the batch as it is. Smaller ones are written together.
ROWS_OF_OWN_FILE = 100_000


#: Only rows with the same key and the same values can be the same; lists, which are expensive to read, are then compared
#: for few.
_ALIKE_SQL = """
insert into alike
with same_key as (
    select hash({key}) as key_hash from candidates
    where hash({key}) % $parts::ubigint = $part::ubigint
    group by key_hash having count(*) > 1
)

select hash({values}) as content from candidates
where hash({key}) in (from same_key)
group by content having count(*) > 1
"""
_WHERE_ALIKE_SQL = "from ({rows}) where hash({values}) in (from alike)"
#: Deduplicated: of the copies of a row of a sender the latest delivery wins, as it would if they came in runs of their
#: own; where a row is of its day, one of each day.
#: Equal hashes are compared with their key too: 64 bits then tell the versions of one record apart.
_DUPLICATES_SQL = """
insert into repeated
with candidate as (
    select file_hash, record_no, hash(sender, {columns}) as row_hash, {key} as record_key, delivery_date
    {where_alike} and (file_hash, record_no) not in {refused}
),

twice as (select row_hash from candidate group by row_hash having count(*) > 1)

select file_hash, record_no from candidate semi join twice using (row_hash)
qualify row_number() over (
    partition by row_hash, record_key{day} order by delivery_date desc, file_hash desc, record_no) > 1
"""
_PROBLEMS_SQL = """
insert into problem by name
select file_hash, record_no, 'record ' || record_no as record, unnest(problems, recursive := true), row_text
from validated
union all by name
select file_hash, record_no, 'record ' || record_no as record, 'error' as severity, reason_code, '' as field,
    'text that is no record' as found, 'one whole record in UTF-8' as expected, {resend} as action, row_text
from rejected
union all by name
select file_hash, '$' as record, 'note' as severity, reason_code, field, found, expected, action
from noted
"""
_REFUSED = "(select (file_hash, record_no) from validated where is_refused)"


def deduplicate(staged: Staged) -> None:
    """Fill the tables that a run goes by (`ingestion.run`). Repeated is every row that the lake could not tell from
    another of this run, but for the last delivered.
    """
    connection, source = staged.connection, staged.source
    make_tables(connection)
    marked = f"select file_hash, record_no from ({_rows_of(staged, staged.paths(DUPLICATE))})"
    connection.execute(f"insert into repeated {marked}")
    paths = staged.paths(VALID, TO_VALIDATE)
    connection.execute(f"create or replace temp view candidates as {_rows_of(staged, paths)}")
    connection.execute(
        "create or replace temp view row_read as select file_hash, record_no from candidates"
        f" union all {marked} union all select file_hash, record_no from rejected"
    )
    (rows,) = connection.execute("select count(*) from candidates").fetchone() or (0,)
    parts = rows // ROWS_A_PART + 1
    words = {"key": source.columns[0].name, "refused": _REFUSED,
             "values": ", ".join(column.name for column in source.values),
             "columns": ", ".join(column.name for column in source.columns),
             "day": ", delivery_date" if source.is_dated else ""}  # fmt: skip
    create_table(connection, "alike", {"content": "ubigint"})
    for part in range(parts):
        connection.execute(_ALIKE_SQL.format(**words), {"parts": parts, "part": part})
    where_alike = _WHERE_ALIKE_SQL.format(rows=_rows_of(staged, paths, "filename"), **words)
    if alike := connection.execute(f"select distinct filename {where_alike}").fetchall():
        rows_alike = _rows_of(staged, [Path(path) for (path,) in alike])
        where_alike = _WHERE_ALIKE_SQL.format(rows=rows_alike, **words)
        connection.execute(_DUPLICATES_SQL.format(where_alike=where_alike, **words))
    connection.execute(_PROBLEMS_SQL.format(resend=literal(RESEND)))
    for sha256, problem in staged.unreadable.items():
        refuse(connection, sha256, problem)


def write_rows(staged: Staged, _: object, folder: Path) -> None:
    """Write what was accepted: rows.parquet, and rows-<file>.parquet for each file large enough."""
    folder.mkdir(parents=True, exist_ok=True)
    together = staged.paths(TO_VALIDATE)
    for sha256, valid in sorted(staged.rows[VALID].items()):
        if rows_in(staged.connection, valid) < ROWS_OF_OWN_FILE or _has_repeated(staged, valid):
            together.append(valid)
        else:
            valid.replace(folder / f"rows-{sha256[:16]}.parquet")
    columns = ", ".join(staged.source.row_columns)
    query = (
        f"select {columns} from (select * replace (landed_as as source_file)"
        f" from ({_rows_of(staged, together)}) left join landed using (file_hash))"
        f" where (file_hash, record_no) not in {_REFUSED}"
        " and (file_hash, record_no) not in (select (file_hash, record_no) from repeated)"
    )
    write_parquet(staged.connection.sql(query), folder / "rows.parquet")


def _has_repeated(staged: Staged, valid: Path) -> bool:
    query = (f"select count(*) from repeated where (file_hash, record_no) in"
             f" (select (file_hash, record_no) {from_staged(valid)})")  # fmt: skip
    return staged.connection.execute(query).fetchone() != (0,)


def _rows_of(staged: Staged, paths: Sequence[Path], *more: str) -> str:
    """A query of the rows in some files of staged rows, in order of content, so that names of files do not show.

    Files of valid rows come first: DuckDB takes their columns for those of all.
    """
    source = staged.source
    columns = ", ".join([*source.row_columns, *more])
    if not paths:
        nulls = ", ".join(f"null::{kind} as {name}" for name, kind in source.row_columns.items())
        return f"select {', '.join([nulls, *(f'null as {name}' for name in more)])} limit 0"
    listed = ", ".join(literal(str(path)) for path in sorted(paths, reverse=True))
    return f"select {columns} from read_parquet([{listed}], hive_partitioning = false)"
