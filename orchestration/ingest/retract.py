"""Taking a delivery back out of the lake, for good and on the record.

Here: the record of retracted deliveries, and making it hold. Batches are never edited: the batch that holds the
file leaves the visible set as a whole, and the next ingestion reads its other files again from landing.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orchestration.commands import os_user, shell_word
from orchestration.ingest.lake import connect, read_parquet, visible_batches

RETRACTED = ".retracted"


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


def retract(
    lake: Path, landing: Path, source: str, source_file: str, reason: str, now: datetime, by: str = ""
) -> Retraction:
    """Take `source_file` (path below landing) out of what readers of the lake see.

    Raises RetractError if no visible batch holds the file, if no reason is given, or if another file of its
    batch has left the landing folder, from where it would have to be read again.
    """
    if not reason.strip():
        raise RetractError("no reason given; whoever reads the next release will ask for one")
    batches = _manifests(lake, source)
    holding = [row for rows in batches.values() for row in rows if row["source_file"] == source_file]
    if not holding:
        known = sorted(row["source_file"] for rows in batches.values() for row in rows)
        raise RetractError(
            f"{shell_word(source_file)}: in no visible batch of {source or 'a source without a name'}; files in the"
            f" lake, as the command takes them: {' '.join(map(shell_word, known)) or 'none'}"
        )
    moment = now.astimezone(UTC).isoformat("T", "seconds")
    made = Retraction(source_file, holding[0]["file_hash"], reason.strip(), moment, by.strip(), os_user())
    leaving = _leaving(batches, {*retractions(lake, source), made})
    names = {row["source_file"] for batch in leaving for row in batches[batch]} - {source_file}
    gone = sorted(name for name in names if not (landing / name).is_file())
    if gone:
        raise RetractError(f"{', '.join(gone)}: of the same batch, but no longer in landing; put back first")
    folder = lake / RETRACTED / source
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{made.file_hash}.{sender_of(source_file)}"
    aside = folder / f".{name}.part"
    aside.write_text(json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, folder / f"{name}.json")
    apply_retractions(lake, source)
    return made


def sender_of(source_file: str) -> str:
    """The sender in a path below landing."""
    return source_file.split("/")[2]


def retractions(lake: Path, source: str) -> list[Retraction]:
    """Every delivery taken back, by content hash and sender."""
    paths = sorted((lake / RETRACTED / source).glob("*.json"))
    return [Retraction(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def apply_retractions(lake: Path, source: str) -> None:
    """Move batches with a retracted file out of sight; finishes what a crash interrupted."""
    taken_back = retractions(lake, source)
    if not taken_back:
        return
    for batch in _leaving(_manifests(lake, source), taken_back):
        kept = lake / RETRACTED / source / f"batch={batch}"
        shutil.rmtree(kept, ignore_errors=True)
        os.replace(lake / source / f"batch={batch}", kept)


_Manifests = Mapping[str, Sequence[Mapping[str, Any]]]


def _leaving(batches: _Manifests, taken_back: Collection[Retraction]) -> list[str]:
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


def _manifests(lake: Path, source: str) -> _Manifests:
    """The rows of files.parquet by visible batch."""
    with connect() as connection:
        return {
            batch: read_parquet(connection, [lake / source / f"batch={batch}" / "files.parquet"])
            for batch in visible_batches(lake, source)
        }
