"""What every source's ingestion shares: what is new in landing, how a batch is named, and its manifest.

Here: comparing the landing folder with the lake, and files.parquet. Not here: reading files (`portal.run`,
`records.run`), and what became of them (`file_status`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from orchestration.ingestion.file_status import ReadBy, duplicate
from orchestration.ingestion.lake import (
    create_table,
    insert,
    pending_folder,
    write_parquet,
)
from orchestration.ingestion.landing import LandedFile, Scan, examine
from orchestration.ingestion.manifests import manifests
from orchestration.ingestion.problems import LANDED_FILE_CHANGED, Problem
from orchestration.ingestion.report import FILE_COLUMNS, FileOutcome
from orchestration.ingestion.retraction import apply_retractions, retractions

#: Contents delivered on the same day as another that hold some of its records.
_BESIDE_SQL = """
select distinct file_hash from read_parquet($rows, hive_partitioning = false)
where delivery_date = $day and file_hash <> $hash and {key} in (
    select {key} from read_parquet($rows, hive_partitioning = false)
    where delivery_date = $day and file_hash = $hash)
"""


@dataclass(frozen=True)
class Delivery:
    """What a run finds: `new` files in order of delivery; copies, under another path, of content in the lake;
    landed files that changed; the rows of files.parquet in visible batches; and by content, the new file that stands
    for it. Contents in `returned` have been read before, and are read again.
    """

    new: tuple[LandedFile, ...]
    already_ingested: tuple[FileOutcome, ...]
    changed: tuple[Problem, ...]
    manifest: list[dict[str, Any]]
    first_copies: dict[str, LandedFile]
    returned: Mapping[str, str] = field(default_factory=dict)

    def batch_id(self, without: Collection[str] = ()) -> str:
        """The same for the same contents, however they are named; `without` those that could not be read. A content
        that came back counts with the day of its return and by what it is read, a copy with its path."""
        read = (
            f"{sha256} {self.returned.get(sha256, '')}".strip()
            for sha256 in self.first_copies
            if sha256 not in without
        )
        return batch_id_of(
            [*read, *(f"{file.file_hash} {file.source_file}" for file in self.already_ingested)]
        )


def find_new_files(
    connection: duckdb.DuckDBPyConnection,
    lake: Path,
    source: str,
    scanned: Scan,
    read_by: Callable[[LandedFile], ReadBy],
    key: str | None = None,
) -> Delivery:
    """Compare what was scanned with the lake, after clearing what waits there and what was taken back.

    Known content is a duplicate. Where the latest delivery of a record wins, it is one only until something else has
    come: content that comes back then is read again, with the day of its return (ADR 0025). `key` is the column that
    names the record there; None where rows carry moments of their own. Content with rows for which its sender could
    not deliver is read again when it comes again, or when the sender may deliver for others than it could (ADR 0033).
    """
    if pending_folder(lake, source).exists():
        shutil.rmtree(pending_folder(lake, source))
    apply_retractions(lake, source)
    taken_back = {retraction.delivery for retraction in retractions(lake, source)}
    manifest = [
        {"rows_foreign": 0, "may_deliver": None, **row}  # older batches do not say
        for rows in manifests(connection, lake, source).values()
        for row in rows
    ]
    offered = [file for file in scanned.files if (file.sender, file.sha256) not in taken_back]
    # Content of which nothing could be read is known by its path only: under a name that gives its format rightly
    # it may be readable, and must not be passed over. A copy does not make content known: the batch that holds its
    # rows may have been taken back for another file of it.
    known = {row["file_hash"]: row for row in manifest if _is_known(row)}
    hash_of_path = {row["source_file"]: row["file_hash"] for row in manifest}
    judged_for = {(row["source_file"], row["may_deliver"]) for row in manifest}
    foreign = {row["source_file"] for row in manifest if row["rows_foreign"]}
    unread, changed = [], []
    for file in offered:
        before = hash_of_path.get(file.relative_path, file.sha256)
        may_be_own = (
            file.relative_path in foreign
            and (file.relative_path, read_by(file).may_deliver) not in judged_for
        )
        if before != file.sha256:
            changed.append(_landed_file_changed(file))
        elif file.relative_path not in hash_of_path or may_be_own:
            unread.append(file)
    new = [file for file in unread if file.sha256 not in known]
    later = []
    if unread and key is not None:
        copies = _later_copies(min(unread), manifest, known)
        later = [file for file in copies if (file.sender, file.sha256) not in taken_back]
    again = sorted([file for file in unread if file.sha256 in known] + later)

    def beside(sha256: str, day: date) -> set[str]:
        query = _BESIDE_SQL.format(key=key)
        rows = str(lake / source / "batch=*" / "rows*.parquet")
        found = connection.execute(query, {"rows": rows, "hash": sha256, "day": day}).fetchall()
        return {other for (other,) in found}

    read_before = {row["file_hash"] for row in manifest}
    standing = _standing(manifest, sorted([*new, *again]), beside if key is not None else None)
    back = {file for file in later if standing.get(file.sha256) == file}
    back |= {file for file in again if file.sha256 in known and standing.get(file.sha256) == file}
    return Delivery(
        tuple(sorted([*new, *back])),
        tuple(
            duplicate(file, known[file.sha256]["rows_read"], read_by(file))
            for file in again if file not in back and file not in later
        ),
        tuple(changed),
        manifest,
        {file.sha256: standing[file.sha256] for file in sorted([*new, *back])},
        {
            file.sha256: f"{standing[file.sha256].delivery_date} {read_by(file).may_deliver}"
            for file in [*new, *back] if file.sha256 in read_before
        },
    )  # fmt: skip


def _is_known(row: Mapping[str, Any]) -> bool:
    """Whether a row of files.parquet makes its content known."""
    if row["rows_foreign"]:
        return False
    return row["status"] != "duplicate" and bool(row["rows_read"] or row["status"] == "accepted")


def _later_copies(
    oldest: LandedFile, manifest: Sequence[Mapping[str, Any]], contents: Collection[str]
) -> list[LandedFile]:
    """Copies of `contents` that were delivered on the day of `oldest` or later and gave no rows, as nothing had come
    before them.
    """
    landing = oldest.path.parents[3]
    copies = {
        landing / row["source_file"]
        for row in manifest
        if row["status"] == "duplicate" and row["delivery_date"] >= oldest.delivery_date
    }
    landed = (examine(landing, path) for path in copies)
    return sorted(file for file in landed if isinstance(file, LandedFile) and file.sha256 in contents)


def _standing(
    manifest: Sequence[Mapping[str, Any]],
    deliveries: Sequence[LandedFile],
    beside: Callable[[str, date], set[str]] | None,
) -> dict[str, LandedFile]:
    """By content: which of `deliveries`, sorted, gives its rows; none where those in the lake still do.

    The first that came. Where the latest delivery wins, also each that came back after something else had come: on a
    later day than its rows carry, or on the same day and of the same records, as `beside` knows of what is in the
    lake. The last of these gives the rows.
    """
    known = [row for row in manifest if _is_known(row)]
    came: dict[date, set[str]] = defaultdict(set)
    newest: dict[str, date] = {}
    for row in known:
        newest[row["file_hash"]] = max(newest.get(row["file_hash"], date.min), row["delivery_date"])
        if row["rows_accepted"]:
            came[row["delivery_date"]].add(row["file_hash"])
    standing: dict[str, LandedFile] = {}

    def has_others(day: date, sha256: str) -> bool:
        contents = came.get(day, set())
        return len(contents) > (sha256 in contents)

    def stands(file: LandedFile) -> bool:
        last = newest.get(file.sha256)
        if last is None or beside is None or last >= file.delivery_date:
            return last is None
        if any(last < day <= file.delivery_date and has_others(day, file.sha256) for day in came):
            return True
        if not has_others(last, file.sha256):
            return False
        # Of what is read in this run nobody knows yet which records it holds.
        others = (sha256 for sha256 in came[last] if sha256 != file.sha256)
        is_of_this_run = file.sha256 in standing or any(sha256 in standing for sha256 in others)
        return is_of_this_run or not came[last].isdisjoint(beside(file.sha256, last))

    for day, files in groupby(deliveries, key=lambda file: file.delivery_date):
        waiting = list(files)
        # One of them may make another of the same day stand, and none takes that back.
        while True:
            left = []
            for file in waiting:
                if stands(file):
                    standing[file.sha256], newest[file.sha256] = file, day
                    came[day].add(file.sha256)
                else:
                    left.append(file)
            if len(left) == len(waiting):
                break
            waiting = left
    return standing


def batch_id_of(hashes: Iterable[str]) -> str:
    """The same for the same set of contents."""
    return hashlib.sha256("\n".join(sorted(set(hashes))).encode()).hexdigest()[:16]


def write_manifest(connection: duckdb.DuckDBPyConnection, files: Sequence[FileOutcome], path: Path) -> None:
    """Write files.parquet."""
    create_table(connection, "file", FILE_COLUMNS)
    rows = [
        {
            **vars(file),
            "problems": [str(problem) for problem in file.problems],
            "reason_codes": list(file.reason_codes),
        }
        for file in files
    ]
    insert(connection, "file", FILE_COLUMNS, rows)
    write_parquet(connection.table("file"), path)


def _landed_file_changed(file: LandedFile) -> Problem:
    return Problem(
        file=file.relative_path,
        reason_code=LANDED_FILE_CHANGED,
        record="$",
        field="",
        found="other content than was ingested",
        expected="landed files never to change",
        action="put the old content back and land the new one under its own delivery date",
    )
