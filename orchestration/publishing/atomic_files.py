"""Files that appear whole or not at all.

Belongs here: the few file operations that a crash must not leave half done. Nothing about releases.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

# Readers are other users: they may look at what is served and go through the folders above it, and write nothing.
SERVED_FILE, SERVED_FOLDER, PASSABLE = 0o444, 0o755, 0o011


def sync_tree(folder: Path) -> None:
    """Push every file and folder below `folder` to the disk, so that a rename never points at empty files."""
    for path in [folder, *folder.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` lead to `target` (relative to its folder) in one step for every reader."""
    aside = link.with_name(f".{link.name}.next")
    aside.unlink(missing_ok=True)  # left by a crash; first, so that it goes even where there is nothing to do
    if link.is_symlink() and os.readlink(link) == target:
        return
    aside.symlink_to(target)
    os.replace(aside, link)
    sync_folder(link.parent)


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


def sync_folder(folder: Path) -> None:
    """Push the folder's own entries (names) to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
