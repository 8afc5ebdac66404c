"""What a stretch of work takes: wall time, CPU time, and the most memory, of this process and all that it starts.

Here: measuring. Not here: what is measured (`job.py`, `floor.py`).
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import asdict, dataclass
from typing import Self

import psutil

#: How often memory is looked at: shorter peaks may be missed.
SECONDS = 0.05


@dataclass
class Taken:
    """Seconds of wall time and of CPU, and the most megabytes that the processes held at once."""

    wall: float = 0.0
    cpu: float = 0.0
    megabytes: int = 0

    def add(self, other: Taken) -> None:
        """The same stage once more."""
        self.wall += other.wall
        self.cpu += other.cpu
        self.megabytes = max(self.megabytes, other.megabytes)


class Watch:
    """Stages one after the other: `begin` ends the one before. CPU of a program that was started counts once it ended."""

    def __init__(self) -> None:
        self.stages: dict[str, Taken] = {}
        self._stage, self._since, self._cpu, self._most = "", 0.0, 0.0, 0
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        self._since, self._cpu = time.perf_counter(), _cpu()
        return self

    def __exit__(self, *_: object) -> None:
        self.begin("")
        self._ended.set()
        self._looking.join()

    def begin(self, stage: str) -> None:
        """From here on it is `stage`."""
        now, cpu = time.perf_counter(), _cpu()
        if self._stage:
            taken = Taken(now - self._since, cpu - self._cpu, self._most >> 20)
            self.stages.setdefault(self._stage, Taken()).add(taken)
        self._stage, self._since, self._cpu, self._most = stage, now, cpu, 0

    def told(self) -> dict[str, dict[str, float]]:
        """Stage by stage, for JSON."""
        return {stage: asdict(taken) for stage, taken in self.stages.items()}

    def _look(self) -> None:
        this = psutil.Process()
        while not self._ended.wait(SECONDS):
            held = 0
            for one in (this, *this.children(recursive=True)):
                try:
                    held += one.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self._most = max(self._most, held)


def _cpu() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
