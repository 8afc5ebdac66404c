"""Quarantine resolved by a corrected delivery: no longer among what somebody has to look at.

Here: finding it by the manifests of visible batches, and moving its records away. Not here: refusing rows
(`read_files`), and corrections that come in the same run (`file_status`: superseded).
"""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

from orchestration.ingestion.file_status import key_of, newest_accepted_delivery
from orchestration.ingestion.lake import connect
from orchestration.ingestion.manifests import manifests

CLEARED = "cleared"
REFUSED = ("quarantined", "partly_quarantined", "superseded")


def clear_resolved(lake: Path, quarantine: Path, source: str) -> tuple[str, ...]:
    """Move the records of resolved files to `<quarantine>/<source>/cleared/`; gives those files, by path.

    The counts of the run that refused them stay as they are. Doing it again does nothing.
    """
    with connect() as connection:
        files = [row for rows in manifests(connection, lake, source).values() for row in rows]
    newest = newest_accepted_delivery(
        (), files, {file["file_hash"] for file in files if file["status"] == "accepted"}
    )
    refused = {
        (file["source_file"], file["file_hash"], newest.get(key_of(file), date.min) > file["delivery_date"])
        for file in files
        if file["status"] in REFUSED
    }
    # The record is of a content: one that came again after its correction is somebody's work once more.
    waiting = {file_hash for _, file_hash, is_corrected in refused if not is_corrected}
    cleared = []
    for source_file, file_hash, _ in sorted(refused):
        record = quarantine / source / f"{file_hash}.parquet"
        if file_hash not in waiting and record.exists():
            (quarantine / source / CLEARED).mkdir(exist_ok=True)
            os.replace(record, quarantine / source / CLEARED / record.name)
            cleared.append(source_file)
    return tuple(cleared)
