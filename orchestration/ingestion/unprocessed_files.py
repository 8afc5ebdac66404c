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
    """A landed file that no visible batch names. `path` is relative to landing; `state` changes while it grows."""

    path: str
    delivery_date: date
    state: str


def unread_files(landing: Path, lake: Path, source: str) -> tuple[Unread, ...]:
    """By path. A file that was taken back is not unread; a copy of known content under a new name is."""
    with connect() as connection:
        known = {row["source_file"] for rows in manifests(connection, lake, source).values() for row in rows}
    known |= {retraction.source_file for retraction in retractions(lake, source)}
    found = []
    for day, path in delivery_files(landing, source):
        shown = path.relative_to(landing).as_posix()
        if shown in known:
            continue
        with suppress(FileNotFoundError):  # taken away in this moment
            facts = path.stat()
            found.append(Unread(shown, day, f"{facts.st_size} {facts.st_mtime_ns}"))
    return tuple(sorted(found, key=lambda file: file.path))
