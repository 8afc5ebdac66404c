"""What became of each file: from rows and problems found to one outcome a file.

Here: statuses, duplicates, and which refused file a corrected delivery has resolved. Not here: finding
problems (the source's reader), and writing anything (`run`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import PurePosixPath
from typing import Any

import duckdb

from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import FOREIGN_AGENCY, Problem
from orchestration.ingestion.report import PROBLEMS_SHOWN, FileOutcome

#: Of a file that is refused as such, all rows are.
_COUNTS_SQL = """
with read as (select file_hash, count(*) as rows from row_read group by file_hash),

repeats as (select file_hash, count(*) as rows from repeated group by file_hash),

found as (
    select
        file_hash,
        bool_or(severity = 'error' and record_no is null) as is_refused,
        count(distinct record_no) filter (where severity = 'error') as refused,
        bool_or(reason_code = $foreign and record_no is null) as is_foreign,
        count(distinct record_no) filter (where reason_code = $foreign) as foreign_rows,
        count(*) filter (where severity = 'aside') as elements_dropped,
        list(distinct reason_code order by reason_code) as reason_codes
    from problem
    group by file_hash
)

select
    file_hash,
    coalesce(read.rows, 0),
    if(coalesce(is_refused, false), coalesce(read.rows, 0), coalesce(refused, 0)),
    coalesce(elements_dropped, 0),
    coalesce(reason_codes, []),
    coalesce(repeats.rows, 0),
    if(coalesce(is_foreign, false), coalesce(read.rows, 0), coalesce(foreign_rows, 0)),
    captured_at
from read
full join found using (file_hash)
left join repeats using (file_hash)
left join moment using (file_hash)
"""
_SHOWN_PROBLEMS_SQL = """
with ranked as (
    select
        *,
        row_number() over (
            partition by file_hash
            order by severity desc, record_no nulls first, field, reason_code, expected
        ) as place
    from problem
)

select file_hash, reason_code, record, field, found, expected, action
from ranked
where place <= $shown
order by file_hash, place
"""


@dataclass(frozen=True)
class ReadBy:
    """By what a file is read and judged: the label of its mapping, and for which agencies its sender may deliver."""

    mapping: str
    may_deliver: str


@dataclass(frozen=True)
class FileResult:
    """What reading one content came to, whatever the files that hold it are called."""

    rows_read: int
    rows_refused: int
    elements_dropped: int
    reason_codes: tuple[str, ...]
    problems: tuple[Problem, ...]
    rows_duplicate: int = 0
    rows_foreign: int = 0
    captured_at: datetime | None = None

    @property
    def status(self) -> str:
        """The status of a file with this content, if nothing mends or repeats it."""
        if not self.rows_read:  # nothing could be read, or nothing was in it
            return "quarantined" if self.reason_codes else "accepted"
        if self.rows_refused == self.rows_read:
            return "quarantined"
        return "partly_quarantined" if self.rows_refused else "accepted"


def results(
    connection: duckdb.DuckDBPyConnection, first_copies: Mapping[str, LandedFile]
) -> dict[str, FileResult]:
    """By content hash, from the tables that every reader fills (`run`)."""
    problems: dict[str, list[Problem]] = {sha256: [] for sha256 in first_copies}
    for sha256, *parts in connection.execute(_SHOWN_PROBLEMS_SQL, {"shown": PROBLEMS_SHOWN}).fetchall():
        if sha256 in problems:  # not of what is read again by the next run
            problems[sha256].append(Problem(first_copies[sha256].relative_path, *parts))
    counted = {
        row[0]: row[1:] for row in connection.execute(_COUNTS_SQL, {"foreign": FOREIGN_AGENCY}).fetchall()
    }
    result = {}
    for sha256, shown in problems.items():
        # A file without a row is no problem: it says that there are none.
        rows_read, refused, aside, reasons, *more = counted.get(sha256, (0, 0, 0, []))
        result[sha256] = FileResult(rows_read, refused, aside, tuple(reasons), tuple(shown), *more)
    return result


def outcomes(
    new: Sequence[LandedFile],
    landed: Sequence[LandedFile],
    manifest: Sequence[Mapping[str, Any]],
    found: Mapping[str, FileResult],
    read_by: Callable[[LandedFile], ReadBy],
    standing: Mapping[str, LandedFile],
    wholes: Collection[str] = (),
) -> tuple[FileOutcome, ...]:
    """One a new file, in order of delivery; of those with one content, `standing` names the one that stands for it.

    `landed` are all files of the source, `manifest` the rows of files.parquet in visible batches. The good
    rows of a superseded file are left out as well, if its content is among `wholes`.
    """
    accepted = {row["file_hash"] for row in manifest if row["status"] == "accepted"}
    accepted |= {sha256 for sha256, verdict in found.items() if verdict.status == "accepted"}
    newest = newest_accepted_delivery(landed, manifest, accepted)
    result = []
    for file in new:
        verdict, by = found[file.sha256], read_by(file)
        if file != standing[file.sha256]:
            result.append(duplicate(file, verdict.rows_read, by))
        elif verdict.status != "accepted" and newest.get(_key(file), date.min) > file.delivery_date:
            refused = verdict.rows_read if file.sha256 in wholes else verdict.rows_refused
            result.append(_outcome(file, "superseded", verdict, refused, by))
        else:
            result.append(_outcome(file, verdict.status, verdict, verdict.rows_refused, by))
    return tuple(result)


def duplicate(file: LandedFile, rows_read: int, by: ReadBy) -> FileOutcome:
    """The outcome of a file whose content stands in another: all its rows are duplicates."""
    outcome = _outcome(file, "duplicate", FileResult(rows_read, 0, 0, (), ()), 0, by)
    return replace(outcome, rows_accepted=0, rows_duplicate=rows_read)


def _outcome(file: LandedFile, status: str, verdict: FileResult, refused: int, by: ReadBy) -> FileOutcome:
    return FileOutcome(
        source=file.source,
        source_file=file.relative_path,
        file_hash=file.sha256,
        size_bytes=file.size_bytes,
        delivery_date=file.delivery_date,
        sender=file.sender,
        status=status,
        rows_read=verdict.rows_read,
        rows_accepted=verdict.rows_read - refused - verdict.rows_duplicate,
        rows_quarantined=refused,
        rows_duplicate=verdict.rows_duplicate,
        elements_dropped=verdict.elements_dropped,
        problems=verdict.problems,
        reason_codes=verdict.reason_codes,
        mapping=by.mapping,
        rows_foreign=verdict.rows_foreign,
        may_deliver=by.may_deliver,
        captured_at=verdict.captured_at,
    )


def name_key(name: str) -> str:
    """A file's name as its sender means it, however a system wrote it: Unicode composed or not, in any case, blanks and
    underscores of any kind and number, nothing invisible, packed or not. A number stays: `part (1)` is not `part (2)`.
    """
    composed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = "".join(letter for letter in composed if unicodedata.category(letter) != "Cf")
    return re.sub(r"[\s_]+", " ", re.sub(r"[\s_]*([.]|$)[\s_]*", r"\1", seen)).strip().removesuffix(".gz")


def _key(file: LandedFile) -> tuple[str, str]:
    return file.sender, name_key(file.name)


def key_of(row: Mapping[str, Any]) -> tuple[str, str]:
    """Sender and name of a file of files.parquet: a later accepted delivery with the same corrects it."""
    return row["sender"], name_key(PurePosixPath(row["source_file"]).name)


def newest_accepted_delivery(
    landed: Sequence[LandedFile], manifest: Sequence[Mapping[str, Any]], accepted: Collection[str]
) -> dict[tuple[str, str], date]:
    """When accepted content last came, by sender and file name: what came before is corrected."""
    deliveries = [(file.sha256, _key(file), file.delivery_date) for file in landed]
    deliveries += [(row["file_hash"], key_of(row), row["delivery_date"]) for row in manifest]
    newest: dict[tuple[str, str], date] = {}
    for sha256, key, delivered in deliveries:
        if sha256 in accepted:
            newest[key] = max(newest.get(key, date.min), delivered)
    return newest
