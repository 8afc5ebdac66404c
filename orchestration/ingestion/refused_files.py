"""Deliveries that the raw gate refused, as they were then: nobody needs to offer them again until they change.

Here: remembering them, and what is unread beside them. It is no more than a saving: where the record is
lost, they are judged and reported once more. Not here: judging them (the raw gate).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from orchestration.atomic_files import replacing
from orchestration.ingestion.retraction import sender_of
from orchestration.ingestion.unprocessed_files import Unread, content_of, unread_files

#: Below the build folder, a file for each source: a list of groups, each content hash by path below landing.
FOLDER = "refused"


def remember_refused(build: Path, landing: Path, source: str, files: Mapping[str, str]) -> None:
    """Add `files`, content hash by path below landing. Those of one sender stand together: without the broken one, the
    others may be taken. What was known of any of them before, or is gone from landing, is forgotten. Raises OSError.
    """
    by_sender: dict[str, dict[str, str]] = defaultdict(dict)
    for path, sha256 in files.items():
        by_sender[sender_of(path)][path] = sha256
    kept = [
        group
        for group in _groups(build, source)
        if files.keys().isdisjoint(group) and all((landing / path).exists() for path in group)
    ]
    with replacing(_record(build, source)) as temporary:
        temporary.write_text(json.dumps([*kept, *by_sender.values()], ensure_ascii=False), encoding="utf-8")


def waiting_files(landing: Path, lake: Path, build: Path, source: str) -> tuple[Unread, ...]:
    """The unread files, by path, but for those that were refused as they are: of them whoever is on call has been told.
    Raises DamagedError.
    """
    found = unread_files(landing, lake, source)
    refused = still_refused(build, landing, source) if found else frozenset()
    return tuple(file for file in found if file.path not in refused)


def still_refused(build: Path, landing: Path, source: str) -> frozenset[str]:
    """The files, by path, that were refused and are what they were then, together with those they came with."""
    return frozenset(
        path
        for group in _groups(build, source)
        if all(content_of(landing, name) == sha256 for name, sha256 in group.items())
        for path in group
    )


def _groups(build: Path, source: str) -> list[dict[str, str]]:
    try:
        groups = json.loads(_record(build, source).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return []
    return [group for group in groups if isinstance(group, dict)] if isinstance(groups, list) else []


def _record(build: Path, source: str) -> Path:
    return build / FOLDER / f"{source}.json"
