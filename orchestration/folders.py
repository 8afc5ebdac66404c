"""Who may read and write what lies in the data folder: decided here, whatever the umask of whoever starts a run.

Belongs here: modes of folders and of all that a run writes. Does not belong here: what is served, whose readers are
other users (`publishing/served_files.py`), and the work files of ingestion, which are for their owner alone
(`ingestion/lake.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Owner writes, group reads, nobody else does either: of all that is written while the umask is in force.
UMASK = 0o027
#: Everyone passes through to `serving`, and may not look around.
DATA_FOLDER = 0o751
PRIVATE_FOLDER = 0o750
PRIVATE = ("lake", "quarantine", "build", "closed", "alerts", "portal", "dagster", "spark")


@contextmanager
def private_umask() -> Iterator[None]:
    """All that this process writes within this context is for its owner and group alone."""
    before = os.umask(UMASK)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def private_files(data: Path) -> Iterator[None]:
    """As `private_umask`; what lies in `data` already is closed to others first."""
    with private_umask():
        protect(data)
        yield


def protect(data: Path) -> None:
    """Give the folders in `data` their modes. Those that others own keep theirs: who owns them has decided."""
    modes = {data: DATA_FOLDER, **{data / name: PRIVATE_FOLDER for name in PRIVATE}}
    for folder, mode in modes.items():
        if folder.is_dir() and folder.stat().st_uid == os.geteuid():
            folder.chmod(mode)
