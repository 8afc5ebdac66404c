"""Files that appear whole or not at all.

Belongs here: the few file operations that a crash must not leave half done. Nothing about releases.
"""

from __future__ import annotations

import os
from pathlib import Path


def sync_tree(folder: Path) -> None:
    """Push every file and folder below `folder` to the disk, so that a rename never points at empty files."""
    for path in [folder, *folder.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` lead to `target` (relative to its folder) in one step for every reader."""
    aside = link.with_name(f".{link.name}.next")
    aside.unlink(missing_ok=True)  # left by a crash; first, so that it goes even where there is nothing to do
    if link.is_symlink() and os.readlink(link) == target:
        return
    aside.symlink_to(target)
    os.replace(aside, link)
    sync_folder(link.parent)


def sync_folder(folder: Path) -> None:
    """Push the folder's own entries (names) to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
