"""Runs of the job in processes of their own, and installations that all workers of a test run share.

Belongs here: starting and sharing. Does not belong here: what is done to a run, and anything a test asserts.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.settings import REPOSITORY, Settings
from tests.three_samples import land_three_samples

CLI = ("-m", "orchestration.cli")


def environment(data: Path) -> dict[str, str]:
    own = {"SERVICE_INDEX_DATA": data, "DAGSTER_HOME": data / "dagster", "PYTHONPATH": REPOSITORY}
    return {**os.environ, **{name: str(value) for name, value in own.items()}}


def start(data: Path, *arguments: str, umask: int = -1, alone: bool = False) -> subprocess.Popen[str]:
    """Python with these arguments on this data folder; `alone` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, *arguments], env=environment(data), cwd=REPOSITORY, umask=umask, start_new_session=alone,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def run(data: Path, *arguments: str, umask: int = -1, code: int | None = 0) -> str:
    """The same to its end, which must come with this code, or with any where it is None: what was printed."""
    process = start(data, *arguments, umask=umask)
    output, _ = process.communicate(timeout=600)
    assert code is None or process.returncode == code, f"ended with {process.returncode}: {output}"
    return output


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills, once: by the first worker that asks for it, while others wait. For reading only."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, done = root / name, root / f"{name}.done"
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


def first_night(factory: pytest.TempPathFactory) -> Path:
    """The data folder after the portal's samples and one run; for reading only."""

    def make(folder: Path) -> None:
        data = folder / "data"
        data.mkdir()
        land_three_samples(Settings(data=data))
        run(data, *CLI, "refresh")

    return shared(factory, "first_night", make) / "data"
