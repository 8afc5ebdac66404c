"""A real file system of a few megabytes, which can be filled up and given room again.

Belongs here: mounting one for a test. Does not belong here: what is tried on it. Whoever is not root runs these tests
with `unshare --map-root-user --mount python -m pytest ...`; elsewhere they are skipped, and `test_full_disk.py` of
ingestion, which limits the size of files instead, stands alone.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_PAGE = 4096


@dataclass(frozen=True)
class SmallDisk:
    """A folder that is a file system of its own."""

    folder: Path

    @property
    def _filler(self) -> Path:
        return self.folder / ".filler"

    @property
    def room(self) -> int:
        """Bytes that are free."""
        facts = os.statvfs(self.folder)
        return facts.f_bavail * facts.f_frsize

    def fill(self, leaving: int = 0) -> None:
        """Leave so many bytes, in pages of 4 kB."""
        with self._filler.open("wb") as filler:
            os.posix_fallocate(filler.fileno(), 0, max(self.room - leaving, _PAGE) // _PAGE * _PAGE)

    def empty(self) -> None:
        """Room again."""
        self._filler.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """`folder`, made if need be, on a disk of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "small", str(folder)]
    mounted = subprocess.run(mounting, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
