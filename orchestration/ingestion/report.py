"""What an ingestion run says about itself: to the next layer as data, to people as text.

Here: the outcome of each file and the report of a run. Not here: how outcomes are reached
(`file_status`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from orchestration.ingestion.problems import Problem, printable

#: files.parquet: one row a new file of the run. Identity, always:
#: rows_read = rows_accepted + rows_quarantined + rows_duplicate.
FILE_COLUMNS = {
    "source": "varchar",
    "source_file": "varchar",
    "file_hash": "varchar",
    "size_bytes": "bigint",
    "delivery_date": "date",
    "sender": "varchar",
    "status": "varchar",
    "rows_read": "bigint",
    "rows_accepted": "bigint",
    "rows_quarantined": "bigint",
    "rows_duplicate": "bigint",
    "elements_dropped": "bigint",
    "problems": "varchar[]",
    "reason_codes": "varchar[]",
    "mapping": "varchar",
    "rows_foreign": "bigint",
    "may_deliver": "varchar",
    "captured_at": "timestamptz",
}
#: Of a file's problems at most so many are listed here; the quarantine holds all.
PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class FileOutcome:
    """What became of one file: the columns of files.parquet, with problems as objects.

    `status`: accepted; partly_quarantined (some rows refused); quarantined (all, or the file as
    such); duplicate (content of another file); superseded (refused, but resolved by a later
    delivery). `rows_foreign`: those of the quarantined rows that are of agencies for which the sender may not
    deliver; `may_deliver`: those for which it may. `captured_at`: the moment that a capture of the portal is of.
    """

    source: str
    source_file: str
    file_hash: str
    size_bytes: int
    delivery_date: date
    sender: str
    status: str
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    elements_dropped: int
    problems: tuple[Problem, ...]
    reason_codes: tuple[str, ...]
    mapping: str
    rows_foreign: int
    may_deliver: str
    captured_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.rows_read != self.rows_accepted + self.rows_quarantined + self.rows_duplicate:
            raise AssertionError(f"rows lost or invented: {self}")

    @property
    def is_rejected(self) -> bool:
        """Whether rows or the whole of it wait for a correction."""
        return self.status in ("quarantined", "partly_quarantined")


@dataclass(frozen=True)
class IngestReport:
    """One run. `batch_id` and `pending_dir` are None if nothing was new.

    `files` are the rows of files.parquet; `landing_problems` concern files that could not be taken for files of a source
    at all, so they are in no batch; `unread` concern files that the warehouse could not read though they are not known
    to be bad (ADR 0020): the next run tries again.
    """

    source: str
    batch_id: str | None
    pending_dir: Path | None
    files: tuple[FileOutcome, ...]
    landing_problems: tuple[Problem, ...]
    unread: tuple[Problem, ...] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found, also what does not block; at most `PROBLEMS_SHOWN` a file."""
        return (*self.landing_problems, *self.unread, *(p for file in self.files for p in file.problems))

    @property
    def is_blocked(self) -> bool:
        """Whether something is wrong that no later delivery has resolved."""
        return bool(self.landing_problems or self.unread) or any(file.is_rejected for file in self.files)

    @property
    def counts(self) -> dict[str, int]:
        """Totals over `files`, by the names of the columns, and `files`."""
        columns = (
            "rows_read",
            "rows_accepted",
            "rows_quarantined",
            "rows_duplicate",
            "elements_dropped",
        )
        totals = {name: sum(getattr(file, name) for file in self.files) for name in columns}
        return {"files": len(self.files), **totals}

    def summary(self) -> list[str]:
        """Lines for people: totals first, then every file that is not simply accepted, and why."""
        if self.batch_id is None:
            lines = [f"{self.source}: nothing new"]
        else:
            totals = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in self.counts.items())
            lines = [f"{self.source}: batch {self.batch_id}: {totals}"]
        for file in self.files:
            if file.status != "accepted" or file.problems:
                lines.append(printable(f"  {file.status}: {file.source_file}".replace("\n", "?")))
                lines += [f"    {problem}" for problem in file.problems]
        lines += [f"  not read: {problem}" for problem in self.unread]
        return lines + [f"  landing: {problem}" for problem in self.landing_problems]
