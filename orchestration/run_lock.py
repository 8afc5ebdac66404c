"""The lock of an installation: one run, or one command, at a time works on its folders; others wait for it.

Belongs here: that lock, and what is done at the start of anything: what a killed run left is removed. Does not belong
here: Dagster (`defs.resources`), which commands that answer at once do without.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.folders import private_files
from orchestration.ingestion.lake import remove_work_files
from orchestration.settings import Settings

LOCK = ".writer.lock"
#: The folders whose lock this thread holds: a command takes it before the run that it starts would.
_HELD = threading.local()


@contextmanager
def one_writer(data: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of the data folder. The system lets go of it when this process ends, however it ends. What a killed
    run left of the files it was reading is removed first.

    `tell` is called when it has to wait, with the process that holds it. The file stays: removing it would let two
    in. Only its owner can open it, and so hold it. Held by this thread already, nothing happens. Raises OSError where
    the folder cannot be written.
    """
    held: set[Path] = _HELD.__dict__.setdefault("folders", set())
    if data in held:
        yield
        return
    data.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(data / LOCK, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as lock:
        os.fchmod(lock.fileno(), 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell(f"waiting for the run of process {lock.read() or 'unknown'} on {data} to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        with private_files(data):
            remove_work_files(Settings(data).lake)
            held.add(data)
            try:
                yield
            finally:
                held.remove(data)


@contextmanager
def if_nobody_writes(data: Path) -> Iterator[bool]:
    """Whether nobody but this thread is at work, and nobody begins to meanwhile; false as well where nothing was ever
    run, or not by this user.
    """
    if data in _HELD.__dict__.get("folders", ()):
        yield True
        return
    try:
        lock = os.open(data / LOCK, os.O_RDWR)
    except OSError:
        yield False
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            is_free = False
        else:
            is_free = True
        yield is_free
    finally:
        os.close(lock)


def remove_leftovers(data: Path) -> None:
    """Remove what a killed run was reading, for what takes no lock: unless a run is at work, or the folder is another
    user's.
    """
    with if_nobody_writes(data) as is_free:
        if is_free:
            remove_work_files(Settings(data).lake)
