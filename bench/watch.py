"""What a stretch of work takes: wall time, CPU time, and the most memory, of this process and all that it starts.

Here: measuring. Not here: what is measured (`job.py`, `floor.py`, `peers/`).
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
    """Stages one after the other: `begin` ends the one before."""

    def __init__(self) -> None:
        self.stages: dict[str, Taken] = {}
        self._stage, self._since, self._cpu, self._most = "", 0.0, 0.0, 0
        self._roots = [psutil.Process()]
        self._seconds: dict[psutil.Process, float] = {}
        self._one_at_a_time = threading.Lock()
        self._children_before = _of_children()
        self._ended = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._looking.start()
        self.begin("")
        return self

    def __exit__(self, *_: object) -> None:
        self.begin("")
        self._ended.set()
        self._looking.join()

    def begin(self, stage: str) -> None:
        """From here on it is `stage`."""
        self._look_once()
        now, cpu = time.perf_counter(), self._cpu_seconds()
        if self._stage:
            taken = Taken(now - self._since, cpu - self._cpu, self._most >> 20)
            self.stages.setdefault(self._stage, Taken()).add(taken)
        self._stage, self._since, self._cpu, self._most = stage, now, cpu, 0

    def follow(self, server: int) -> None:
        """A process that was not started from here counts as well, with all that it starts. Memory that several share,
        as those of a database server do, counts once then.
        """
        self._roots = [*self._roots, psutil.Process(server)]

    def report(self) -> dict[str, dict[str, float]]:
        """Stage by stage, for JSON."""
        return {stage: asdict(taken) for stage, taken in self.stages.items()}

    def _look(self) -> None:
        while not self._ended.wait(SECONDS):
            self._look_once()

    def _look_once(self) -> None:
        """The memory of the moment, and how many CPU seconds each process has had so far."""
        with self._one_at_a_time:
            held, shared = 0, [0]
            for one in self._processes():
                try:
                    with one.oneshot():
                        memory, times = one.memory_info(), one.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                held += memory.rss
                if len(self._roots) > 1:
                    held -= memory.shared
                    shared.append(memory.shared)
                self._seconds[one] = times.user + times.system
            self._most = max(self._most, held + max(shared))

    def _processes(self) -> list[psutil.Process]:
        found = []
        for root in self._roots:
            try:
                found += [root, *root.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
        return found

    def _cpu_seconds(self) -> float:
        """Of a program that ended: what the system has of it, which it has of those alone that were waited for, or what
        was seen of it last.
        """
        times = os.times()
        waited_for = times.user + times.system + _of_children() - self._children_before
        with self._one_at_a_time:
            return max(waited_for, sum(self._seconds.values()))


def _of_children() -> float:
    """CPU seconds of all programs that were started from here, have ended and were waited for."""
    times = os.times()
    return times.children_user + times.children_system
