"""What readers open: who may, and how the served release is changed for all of them at once.

Belongs here: modes of what is served, and the link `current`. Does not belong here: making releases (`release`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from orchestration.atomic_files import point

# Readers are other users: they may look at what is served and go through the folders above it, and write nothing.
SERVED_FILE, SERVED_FOLDER, PASSABLE = 0o444, 0o755, 0o011


def open_folder(folder: Path) -> None:
    """Make `folder` one that readers can list, whatever the umask; the folder above it becomes passable, no more.

    Folders that others own keep their modes: who owns them has decided.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path, mode in ((folder, SERVED_FOLDER), (folder.parent, folder.parent.stat().st_mode | PASSABLE)):
        if path.stat().st_uid == os.geteuid():
            path.chmod(mode)


def protect_tree(folder: Path) -> None:
    """Make what is below `folder`, and itself, readable by everyone and its files writable by nobody."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(SERVED_FOLDER if path.is_dir() else SERVED_FILE)


def serve(serving: Path, release_id: str) -> None:
    """Make `current` lead to a release, as it was published: what a reader who opened its database to write left beside
    it would show readers other figures.
    """
    database = serving / "releases" / release_id / "warehouse.duckdb"
    for left in (database.with_name(f"{database.name}{ending}") for ending in (".wal", ".tmp")):
        if left.is_dir():
            shutil.rmtree(left)
        else:
            left.unlink(missing_ok=True)
    point(serving / "current", f"releases/{release_id}")
