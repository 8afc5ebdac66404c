"""Files that appear whole or not at all.

Two promises, no third: what `replacing` writes is never seen half, and what can be made again from the landing folder
needs no more; what `write_durably` writes, the word of a person above all, is on the disk when it returns. Does not
belong here: what is in the files, and who may read them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file beside `path`, in a folder that is made if need be, which takes its place once it is written. A failure
    leaves `path` as it was; the name of what it leaves beside it begins with a dot.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    yield temporary
    os.replace(temporary, path)


def write_durably(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write `path`, with `mode` less the umask, so that not even a power cut loses or halves it afterwards."""
    with replacing(path) as temporary:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(descriptor)
    sync_folder(path.parent)


def point(link: Path, target: str) -> None:
    """Make the symbolic link `link` lead to `target` (relative to its folder) in one step for every reader."""
    temporary = link.with_name(f".{link.name}.next")
    temporary.unlink(
        missing_ok=True
    )  # left by a crash; first, so that it goes even where there is nothing to do
    if link.is_symlink() and os.readlink(link) == target:
        return
    temporary.symlink_to(target)
    os.replace(temporary, link)
    sync_folder(link.parent)


def sync_tree(folder: Path) -> None:
    """Push every file and folder below `folder` to the disk, so that a rename never points at empty files."""
    for path in [folder, *folder.rglob("*")]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Push the folder's own entries (names) to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
