"""What lies in landing and in no batch, found without reading a single file.

Here: names, sizes and times of files against the manifests of the lake. Not here: whether the content is new,
which only its hash says (`new_files`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from orchestration.ingestion.lake import connect
from orchestration.ingestion.landing import delivery_files
from orchestration.ingestion.manifests import manifests
from orchestration.ingestion.retraction import retractions


@dataclass(frozen=True)
class Unread:
    """A landed file that no visible batch names as large as it is. `path` is relative to landing; `state` changes while
    it grows.
    """

    path: str
    delivery_date: date
    state: str


def unread_files(landing: Path, lake: Path, source: str) -> tuple[Unread, ...]:
    """By path. A file that was taken back is not unread; a copy of known content under a new name is, and what was
    written on after it had been read: the run that reads it again says so.
    """
    with connect() as connection:
        named = [row for rows in manifests(connection, lake, source).values() for row in rows]
    known = {(row["source_file"], row["size_bytes"]) for row in named}
    taken_back = {retraction.source_file for retraction in retractions(lake, source)}
    found = []
    for day, path in delivery_files(landing, source):
        shown = path.relative_to(landing).as_posix()
        with suppress(FileNotFoundError):  # taken away in this moment
            facts = path.stat()
            if shown not in taken_back and (shown, facts.st_size) not in known:
                found.append(Unread(shown, day, f"{facts.st_size} {facts.st_mtime_ns}"))
    return tuple(sorted(found, key=lambda file: file.path))
