"""Taking a file back out of the lake, for good and on the record.

Here: the record of retracted files, and making it hold. Batches are never edited: the batch that holds the
file leaves the visible set as a whole, and the next ingestion reads its other files again from landing.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.ingest.lake import connect, read_parquet, visible_batches

RETRACTED = ".retracted"


class RetractError(Exception):
    """Nothing was retracted."""


@dataclass(frozen=True)
class Retraction:
    """One file that must not be read again, and why."""

    source_file: str
    file_hash: str
    reason: str
    retracted_at: str


def retract(
    lake: Path, landing: Path, source: str, source_file: str, reason: str, now: datetime
) -> Retraction:
    """Take `source_file` (path below landing) out of what readers of the lake see.

    Raises RetractError if no visible batch holds the file, if no reason is given, or if another file of its
    batch has left the landing folder, from where it would have to be read again.
    """
    if not reason.strip():
        raise RetractError("no reason given; whoever reads the next release will ask for one")
    batches = _files_by_batch(lake, source)
    holding = [files for files in batches.values() if source_file in files]
    if not holding:
        known = ", ".join(sorted(file for files in batches.values() for file in files)) or "none"
        raise RetractError(f"{source_file}: in no visible batch of {source}; files in the lake: {known}")
    gone = sorted(name for name in holding[0] if name != source_file and not (landing / name).is_file())
    if gone:
        raise RetractError(f"{', '.join(gone)}: of the same batch, but no longer in landing; put back first")
    made = Retraction(
        source_file, holding[0][source_file], reason.strip(), now.astimezone(UTC).isoformat("T", "seconds")
    )
    folder = lake / RETRACTED / source
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{made.file_hash}.part"
    aside.write_text(json.dumps(asdict(made), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    os.replace(aside, folder / f"{made.file_hash}.json")
    apply_retractions(lake, source)
    return made


def retractions(lake: Path, source: str) -> list[Retraction]:
    """Every file taken back, by content hash."""
    paths = sorted((lake / RETRACTED / source).glob("*.json"))
    return [Retraction(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def apply_retractions(lake: Path, source: str) -> None:
    """Move batches with a retracted file out of sight; finishes what a crash interrupted."""
    taken_back = {retraction.file_hash for retraction in retractions(lake, source)}
    if not taken_back:
        return
    for batch, files in _files_by_batch(lake, source).items():
        if taken_back & set(files.values()):
            kept = lake / RETRACTED / source / f"batch={batch}"
            shutil.rmtree(kept, ignore_errors=True)
            os.replace(lake / source / f"batch={batch}", kept)


def _files_by_batch(lake: Path, source: str) -> dict[str, dict[str, str]]:
    """Batch id -> path of each file below landing -> content hash."""
    with connect() as connection:
        return {
            batch: {
                row["source_file"]: row["file_hash"]
                for row in read_parquet(connection, [lake / source / f"batch={batch}" / "files.parquet"])
            }
            for batch in visible_batches(lake, source)
        }
