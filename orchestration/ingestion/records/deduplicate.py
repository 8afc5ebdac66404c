"""The staged rows of a run, together: which came twice, how many there are of each kind, and what is written where.

Memory stays flat: everything streams, and duplicates are looked for a part of the rows at a time.

Here: what needs all files of the run. Not here: reading them (`read_files`), and whether the batch becomes visible
(`run`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestration.ingestion.file_status import FileResult
from orchestration.ingestion.lake import create_table, write_parquet
from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import FOREIGN_AGENCY, RESEND, Problem
from orchestration.ingestion.records.staged import DUPLICATE, TO_VALIDATE, VALID, Staged, from_staged, rows_in
from orchestration.ingestion.report import PROBLEMS_SHOWN
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
#: Once for all files: each then reads its own.
_FOUND_SQL = """
create or replace temp table found as
select file_hash, record_no, unnest(problems, recursive := true), row_text from validated
union all by name
select file_hash, record_no, reason_code, 'error' as severity, '' as field, 'text that is no record' as found,
    'one whole record in UTF-8' as expected, {resend} as action, row_text
from rejected
union all by name
select file_hash, null as record_no, reason_code, 'note' as severity, field, found, expected, action, null as row_text
from noted
"""
_COUNTS_SQL = """
with rows as (
    select file_hash, count(*) as read, 0 as refused, 0 as aside, 0 as foreign_rows from staged group by file_hash
    union all
    select file_hash, 0, count(*) filter (is_refused),
        sum(len(list_filter(problems, lambda p: p.severity = 'aside'))),
        count(*) filter (list_contains(list_transform(problems, lambda p: p.reason_code), '{foreign}'))
    from validated group by file_hash
    union all
    select file_hash, count(*), count(*), 0, 0 from rejected group by file_hash
)
select file_hash, sum(read)::bigint, sum(refused)::bigint, coalesce(sum(aside), 0)::bigint,
    coalesce(any_value(repeats), 0), sum(foreign_rows)::bigint
from rows
left join (select file_hash, count(*) as repeats from repeated group by file_hash) using (file_hash)
group by file_hash
"""
_REFUSED = "(select (file_hash, record_no) from validated where is_refused)"


_PROBLEM_KEYS: Sequence[str] = ("reason_code", "record", "field", "found", "expected", "action")


class BatchRows:
    """The rows of all files of the run."""

    def __init__(self, staged: Staged) -> None:
        self.staged, self.connection, self.source = staged, staged.connection, staged.source
        create_table(self.connection, "repeated", {"file_hash": "varchar", "record_no": "bigint"})
        create_table(self.connection, "alike", {"content": "ubigint"})
        self._find_duplicates()
        self.connection.execute(_FOUND_SQL.format(resend=literal(RESEND)))

    def _find_duplicates(self) -> None:
        """Mark every row that the lake could not tell from another of this run, but for the last delivered."""
        marked = f"select file_hash, record_no from ({self._rows_of(self.staged.paths(DUPLICATE))})"
        self.connection.execute(f"insert into repeated {marked}")
        paths = self.staged.paths(VALID, TO_VALIDATE)
        self.connection.execute(f"create or replace temp view candidates as {self._rows_of(paths)}")
        self.connection.execute(
            f"create or replace temp view staged as from candidates union all by name {marked}"
        )
        (rows,) = self.connection.execute("select count(*) from candidates").fetchone() or (0,)
        parts = rows // ROWS_A_PART + 1
        words = {"key": self.source.columns[0].name, "refused": _REFUSED,
                 "values": ", ".join(column.name for column in self.source.values),
                 "columns": ", ".join(column.name for column in self.source.columns),
                 "day": ", delivery_date" if self.source.is_dated else ""}  # fmt: skip
        for part in range(parts):
            self.connection.execute(_ALIKE_SQL.format(**words), {"parts": parts, "part": part})
        where_alike = _WHERE_ALIKE_SQL.format(rows=self._rows_of(paths, "filename"), **words)
        alike = self.connection.execute(f"select distinct filename {where_alike}").fetchall()
        if alike:
            rows_alike = self._rows_of([Path(path) for (path,) in alike])
            where_alike = _WHERE_ALIKE_SQL.format(rows=rows_alike, **words)
            self.connection.execute(_DUPLICATES_SQL.format(where_alike=where_alike, **words))

    def verdicts(self, first_copies: dict[str, LandedFile]) -> dict[str, FileResult]:
        """By content hash."""
        counted = self.connection.execute(_COUNTS_SQL.format(foreign=FOREIGN_AGENCY)).fetchall()
        counts = {row[0]: row[1:] for row in counted}
        reasons_query = "select distinct file_hash, reason_code from found order by all"
        reasons: dict[str, list[str]] = {}
        for sha256, reason in self.connection.execute(reasons_query).fetchall():
            reasons.setdefault(sha256, []).append(reason)
        result = {}
        for sha256, file in first_copies.items():
            if sha256 in self.staged.unreadable:
                problem = self.staged.unreadable[sha256]
                result[sha256] = FileResult(0, 0, 0, (problem.reason_code,), (problem,))
                continue
            # A file without a row is no problem: it says that there are none.
            read, refused, aside, repeats, foreign = counts.get(sha256, (0, 0, 0, 0, 0))
            problems = self._first_problems(file) if sha256 in reasons else ()
            codes = tuple(reasons.get(sha256, ()))
            result[sha256] = FileResult(read, refused, aside, codes, problems, repeats, foreign)
        return result

    def _first_problems(self, file: LandedFile) -> tuple[Problem, ...]:
        rows = self.connection.execute(
            "select reason_code, coalesce('record ' || record_no, '$'), field, found, expected, action from found"
            f" where file_hash = ? order by severity desc, record_no, field, reason_code limit {PROBLEMS_SHOWN}",
            [file.sha256],
        ).fetchall()
        return tuple(Problem(file.relative_path, *row) for row in rows)

    def write_rows(self, folder: Path) -> None:
        """Write what was accepted: rows.parquet, and rows-<file>.parquet for each file large enough."""
        folder.mkdir(parents=True, exist_ok=True)
        together = self.staged.paths(TO_VALIDATE)
        for sha256, valid in sorted(self.staged.rows[VALID].items()):
            if rows_in(self.connection, valid) < ROWS_OF_OWN_FILE or self._has_repeated(valid):
                together.append(valid)
            else:
                valid.replace(folder / f"rows-{sha256[:16]}.parquet")
        columns = ", ".join(self.source.row_columns)
        query = (
            f"select {columns} from (select * replace (landed_as as source_file)"
            f" from ({self._rows_of(together)}) left join landed using (file_hash))"
            f" where (file_hash, record_no) not in {_REFUSED}"
            " and (file_hash, record_no) not in (select (file_hash, record_no) from repeated)"
        )
        write_parquet(self.connection.sql(query), folder / "rows.parquet")

    def _has_repeated(self, valid: Path) -> bool:
        query = (f"select count(*) from repeated where (file_hash, record_no) in"
                 f" (select (file_hash, record_no) {from_staged(valid)})")  # fmt: skip
        return self.connection.execute(query).fetchone() != (0,)

    def write_quarantine(self, first_copies: dict[str, LandedFile], folder: Path) -> None:
        """One file a content with problems, replacing what an earlier run found in the same content."""
        found_in = {
            hash_ for (hash_,) in self.connection.execute("select distinct file_hash from found").fetchall()
        }
        for sha256, file in first_copies.items():
            path = folder / f"{sha256}.parquet"
            place = f"{literal(sha256)} as file_hash, date '{file.delivery_date}' as delivery_date"
            name = f"{literal(file.relative_path)} as file"
            if sha256 in self.staged.unreadable:
                problem = vars(self.staged.unreadable[sha256])
                shown = ", ".join(f"{literal(problem[key])} as {key}" for key in _PROBLEM_KEYS)
                query = f"select {name}, {shown}, 'error' as severity, {place}, null::varchar as row_text"
            elif sha256 not in found_in:
                path.unlink(missing_ok=True)
                continue
            else:
                found = f"from found where file_hash = {literal(sha256)}"
                record = "coalesce('record ' || record_no, '$') as record"
                query = (f"select {name}, reason_code, {record}, field, found, expected, action, severity, {place},"
                         f" row_text {found}")  # fmt: skip
            write_parquet(self.connection.sql(query), path)

    def _rows_of(self, paths: Sequence[Path], *more: str) -> str:
        """A query of the rows in some files of staged rows, in order of content, so that names of files do not show.

        Files of valid rows come first: DuckDB takes their columns for those of all.
        """
        columns = ", ".join([*self.source.row_columns, *more])
        if not paths:
            nulls = ", ".join(f"null::{kind} as {name}" for name, kind in self.source.row_columns.items())
            return f"select {', '.join([nulls, *(f'null as {name}' for name in more)])} limit 0"
        listed = ", ".join(literal(str(path)) for path in sorted(paths, reverse=True))
        return f"select {columns} from read_parquet([{listed}], hive_partitioning = false)"
