"""Taking a delivery back out of the lake, for good and on the record.

Here: the record of retracted deliveries, and making it hold. Batches are never edited: the batch that holds the
file leaves the visible set as a whole, and the next ingestion reads its other files again from landing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.atomic_files import write_durably
from orchestration.commands import os_user, shell_word
from orchestration.damage import DamagedError, Section
from orchestration.ingestion.lake import connect
from orchestration.ingestion.manifests import Manifests, manifests

RETRACTED = ".retracted"
MOST_SENDER_BYTES = 150


class RetractError(Exception):
    """Nothing was retracted."""


@dataclass(frozen=True)
class Retraction:
    """What one sender delivered and must not be read again, under any name, and why. The same content from another
    sender is another delivery. `by` is the name given, `os_user` the operating system's; older records have neither.
    """

    source_file: str
    file_hash: str
    reason: str
    retracted_at: str
    by: str = ""
    os_user: str = ""

    @property
    def delivery(self) -> tuple[str, str]:
        """Sender and content."""
        return sender_of(self.source_file), self.file_hash

    def to_json(self) -> str:
        """As it is recorded."""
        return json.dumps(asdict(self), ensure_ascii=False)


def retract(
    lake: Path,
    landing: Path,
    source: str,
    source_file: str,
    reason: str,
    now: datetime,
    by: str = "",
    served: Collection[str] = (),
) -> Retraction:
    """Take `source_file` (path below landing) out of what readers of the lake see.

    One of `served`, the files that the served release was made from, can be given up where batch and landed file are
    lost. Raises RetractError if no visible batch holds the file, if no reason is given, or if another file of its
    batch has left the landing folder, from where it would have to be read again.
    """
    if not reason.strip():
        raise RetractError("no reason given; whoever reads the next release will ask for one")
    batches = _read(lake, source)
    holding = [row for rows in batches.values() for row in rows if row["source_file"] == source_file]
    moment = now.astimezone(UTC).isoformat("T", "seconds")
    if not holding and source_file in served and not (landing / source_file).exists():
        # Its content is known to nobody: what stands for it is no hash of any.
        lost = f"lost-{hashlib.sha256(source_file.encode()).hexdigest()[:16]}"
        made = Retraction(source_file, lost, reason.strip(), moment, by.strip(), os_user())
        return _write(lake / RETRACTED / source, made)
    if not holding:
        known = sorted(row["source_file"] for rows in batches.values() for row in rows)
        raise RetractError(
            f"{shell_word(source_file)}: in no visible batch of {source or 'a source without a name'}; files in the"
            f" lake, as the command takes them: {' '.join(map(shell_word, known)) or 'none'}"
        )
    made = Retraction(source_file, holding[0]["file_hash"], reason.strip(), moment, by.strip(), os_user())
    leaving = _leaving(batches, {*retractions(lake, source), made})
    names = {row["source_file"] for batch in leaving for row in batches[batch]} - {source_file}
    gone = sorted(name for name in names if not (landing / name).is_file())
    if gone:
        raise RetractError(f"{', '.join(gone)}: of the same batch, but no longer in landing; put back first")
    _write(lake / RETRACTED / source, made)
    apply_retractions(lake, source)
    return made


def _write(folder: Path, made: Retraction) -> Retraction:
    write_durably(folder / f"{record_name(made.file_hash, made.source_file)}.json", made.to_json() + "\n")
    return made


def record_name(file_hash: str, source_file: str) -> str:
    """What the record of a retraction is called, without its ending. A sender's folder may have a name as long as names
    may be: of such a one, its hash.
    """
    sender = sender_of(source_file)
    is_long = len(sender.encode()) > MOST_SENDER_BYTES
    return f"{file_hash}.{hashlib.sha256(sender.encode()).hexdigest() if is_long else sender}"


def sender_of(source_file: str) -> str:
    """The sender in a path below landing."""
    return source_file.split("/")[2]


def retractions(lake: Path, source: str) -> list[Retraction]:
    """Every delivery taken back, by content hash and sender. Raises DamagedError for a record that cannot be read:
    what it took back would be read again.
    """
    return [_record(path) for path in sorted((lake / RETRACTED / source).glob("*.json"))]


def _record(path: Path) -> Retraction:
    try:
        made = Retraction(**json.loads(path.read_text(encoding="utf-8")))
        name = record_name(made.file_hash, made.source_file)
    except (OSError, ValueError, TypeError, AttributeError, IndexError) as error:
        raise DamagedError(
            path,
            f"what is no record of a retraction ({type(error).__name__})",
            "source_file, file_hash, reason and retracted_at, as JSON",
            "write it again as `retracted` in serving/manifest.json has it; the name of the file is content and sender",
            Section.RETRACTION,
        ) from error
    if path.stem not in (name, made.file_hash):  # as it was before senders were in it
        raise DamagedError(
            path, f"the record {name}", "that of its name",
            "give the file the name of its record", Section.RETRACTION,
        )  # fmt: skip
    return made


def apply_retractions(lake: Path, source: str) -> None:
    """Move batches with a retracted file out of sight; finishes what a crash interrupted."""
    taken_back = retractions(lake, source)
    if not taken_back:
        return
    for batch in _leaving(_read(lake, source), taken_back):
        kept = lake / RETRACTED / source / f"batch={batch}"
        shutil.rmtree(kept, ignore_errors=True)
        os.replace(lake / source / f"batch={batch}", kept)


def _leaving(batches: Manifests, taken_back: Collection[Retraction]) -> list[str]:
    """The batches that name a retracted delivery; and those that name another sender's copy of one, unless rows of that
    content stay: the copy gave none of its own, so that it has to be read.
    """
    deliveries = {retraction.delivery for retraction in taken_back}
    contents = {file_hash for _, file_hash in deliveries}
    leaving = {
        batch for batch, rows in batches.items()
        if any((row["sender"], row["file_hash"]) in deliveries for row in rows)
    }  # fmt: skip
    staying = {
        row["file_hash"] for batch, rows in batches.items() if batch not in leaving
        for row in rows if row["status"] != "duplicate"
    }  # fmt: skip
    copies = {
        batch for batch, rows in batches.items()
        if any(row["file_hash"] in contents - staying for row in rows)
    }  # fmt: skip
    return sorted(leaving | copies)


def _read(lake: Path, source: str) -> Manifests:
    with connect() as connection:
        return manifests(connection, lake, source)
