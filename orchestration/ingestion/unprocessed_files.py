"""What lies in landing and in no batch, found without reading files but those that it is asked of.

Here: names, sizes and times of files against the manifests of the lake, and whether a file's content is another one.
Not here: whether that content is in the lake under another name (`new_files`), and what a gate refused
(`refused_files`).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from orchestration.ingestion.lake import connect
from orchestration.ingestion.landing import LandedFile, delivery_files, examine
from orchestration.ingestion.manifests import manifests
from orchestration.ingestion.retraction import retractions

#: Of the runbook.
SECTION = "A delivery was not read"
#: Larger files are told apart by size and time: a look every five minutes must not take a minute itself.
MOST_HASHED_BYTES = 1024**3


@dataclass(frozen=True)
class Unread:
    """A landed file that no visible batch names as large as it is. `path` is relative to landing; `state` changes while
    it grows. `is_changed`: a batch names it, of another size.
    """

    path: str
    delivery_date: date
    state: str
    is_changed: bool = False


def unread_files(landing: Path, lake: Path, source: str) -> tuple[Unread, ...]:
    """By path. A file that was taken back is not unread; a copy of known content under a new name is, and what was
    written on after it had been read: the run that reads it again says so. Raises DamagedError.
    """
    with connect() as connection:
        named = [row for rows in manifests(connection, lake, source).values() for row in rows]
    known = {(row["source_file"], row["size_bytes"]) for row in named}
    read = {path for path, _ in known}
    taken_back = {retraction.source_file for retraction in retractions(lake, source)}
    found = []
    for day, path in delivery_files(landing, source):
        shown = path.relative_to(landing).as_posix()
        with suppress(FileNotFoundError):  # taken away in this moment
            facts = path.stat()
            if shown not in taken_back and (shown, facts.st_size) not in known:
                state = f"{facts.st_size} {facts.st_mtime_ns}"
                found.append(Unread(shown, day, state, is_changed=shown in read))
    return tuple(sorted(found, key=lambda file: file.path))


def content_of(landing: Path, file: str) -> str | None:
    """What tells the content of a file (a path below landing) from any other, however often the same is written: its
    hash, as in manifests. Of one that is too large to be hashed here, or cannot be read, its size and time; None where
    there is none.
    """
    try:
        facts = (landing / file).stat()
    except OSError:
        return None
    state = (facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    hashed = _hash_of(landing, file, state) if facts.st_size <= MOST_HASHED_BYTES else None
    return hashed or f"{facts.st_size} {facts.st_mtime_ns}"


@lru_cache(maxsize=4096)
def _hash_of(landing: Path, file: str, state: tuple[int, ...]) -> str | None:  # noqa: ARG001  (what it is kept by)
    found = examine(landing, landing / file)
    return found.sha256 if isinstance(found, LandedFile) else None
