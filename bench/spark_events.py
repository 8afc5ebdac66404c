"""What Spark did, by its own event log (`spark.eventLog.enabled`): stages, tasks of each executor, seconds of each table.

Here: reading the log. Not here: the cluster that wrote it (`cluster.py`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

#: Of all events these are read; plans that changed while they ran are most of a log.
_TASK, _STAGE, _JOB = "SparkListenerTaskEnd", "SparkListenerStageCompleted", "SparkListenerJobStart"
_SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution"
_APPLICATION = "SparkListenerApplication"
_READ = tuple(
    f'{{"Event":"{name}' for name in (_TASK, _STAGE, _JOB, f"{_SQL}Start", f"{_SQL}End", _APPLICATION)
)
#: The table that a statement writes, in the first line of its plan.
_WRITTEN = re.compile(r"CreateDataSourceTableAsSelectCommand `\w+`\.`(\w+)`\.`(\w+)`")


@dataclass
class Work:
    """What tasks took: seconds of running, of CPU and of collecting memory, bytes."""

    tasks: int = 0
    failed: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    collecting_seconds: float = 0.0
    read_bytes: int = 0
    written_bytes: int = 0
    shuffled_bytes: int = 0
    fetched_bytes: int = 0
    spilled_bytes: int = 0
    most_memory_bytes: int = 0

    def add(self, event: dict[str, Any]) -> None:
        """One task that ended. `shuffled` is what it left for others, `fetched` what it had from another machine."""
        metrics = event.get("Task Metrics") or {}
        self.tasks += 1
        self.failed += bool(event["Task Info"].get("Failed"))
        self.seconds += metrics.get("Executor Run Time", 0) / 1e3
        self.cpu_seconds += metrics.get("Executor CPU Time", 0) / 1e9
        self.collecting_seconds += metrics.get("JVM GC Time", 0) / 1e3
        self.read_bytes += metrics.get("Input Metrics", {}).get("Bytes Read", 0)
        self.written_bytes += metrics.get("Output Metrics", {}).get("Bytes Written", 0)
        self.shuffled_bytes += metrics.get("Shuffle Write Metrics", {}).get("Shuffle Bytes Written", 0)
        self.fetched_bytes += metrics.get("Shuffle Read Metrics", {}).get("Remote Bytes Read", 0)
        self.spilled_bytes += metrics.get("Disk Bytes Spilled", 0)
        self.most_memory_bytes = max(self.most_memory_bytes, metrics.get("Peak Execution Memory", 0))

    def with_(self, other: Work) -> Work:
        """Both together."""
        added = {one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(Work)}
        return Work(**{**added, "most_memory_bytes": max(self.most_memory_bytes, other.most_memory_bytes)})


@dataclass
class Statement:
    """One statement: the table that it wrote, if any, when it began and ended (milliseconds), and its tasks."""

    table: str = ""
    began: int = 0
    ended: int = 0
    work: Work = field(default_factory=Work)

    @property
    def seconds(self) -> float:
        """From its plan to its last task; 0 where its end is not in the log."""
        return max(0, self.ended - self.began) / 1e3


def summary(log: Path) -> dict[str, Any]:
    """The whole of a log, for JSON. A log that ends in the middle of a line is read up to that."""
    total, executors, stages = Work(), dict[str, Work](), 0
    statements, roots, of_stage = dict[int, Statement](), dict[int, int](), dict[int, int]()
    began = ended = 0
    for event in events(log):
        match event["Event"]:
            case "SparkListenerApplicationStart":
                began = event["Timestamp"]
            case "SparkListenerApplicationEnd":
                ended = event["Timestamp"]
            case "SparkListenerStageCompleted":
                stages += 1
            case "SparkListenerJobStart":
                execution = int((event.get("Properties") or {}).get("spark.sql.execution.id", -1))
                for stage in event["Stage IDs"]:
                    of_stage.setdefault(stage, execution)
            case "SparkListenerTaskEnd":
                executor = executors.setdefault(event["Task Info"]["Executor ID"], Work())
                statement = statements.get(_root(of_stage.get(event["Stage ID"], -1), roots))
                for work in (total, executor, *((statement.work,) if statement else ())):
                    work.add(event)
            case name if name == f"{_SQL}Start":
                number = event["executionId"]
                root = event.get("rootExecutionId")
                roots[number] = number if root is None else root
                if roots[number] == number:
                    statements[number] = Statement(_table(event), event["time"])
            case name if name == f"{_SQL}End" and event["executionId"] in statements:
                statements[event["executionId"]].ended = event["time"]
    return {
        "seconds": max(0, ended - began) / 1e3,
        "statements": len(statements),
        "stages": stages,
        "total": asdict(total),
        "executors": {name: asdict(work) for name, work in sorted(executors.items())},
        "tables": _by_table(statements.values()),
    }


def _by_table(statements: Iterable[Statement]) -> list[dict[str, Any]]:
    """What was written, the longest first, and all else as one; seconds overlap, as several statements run at a time."""
    found: dict[str, tuple[float, Work]] = {}
    for one in statements:
        seconds, work = found.get(one.table, (0.0, Work()))
        found[one.table] = (seconds + one.seconds, work.with_(one.work))
    return [
        {"table": table or "other", "seconds": seconds, "work": asdict(work)}
        for table, (seconds, work) in sorted(found.items(), key=lambda item: -item[1][0])
    ]


def events(log: Path) -> Iterator[dict[str, Any]]:
    """Those events of a log that are read."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(_READ) and line.endswith("\n"):
                yield json.loads(line)


def _root(execution: int, roots: dict[int, int]) -> int:
    """The statement that an execution is part of: one that writes a table runs its query as another. -1 is none."""
    return roots.get(execution, execution)


def _table(event: dict[str, Any]) -> str:
    plan = event.get("sparkPlanInfo") or {}
    found = _WRITTEN.search(f"{plan.get('simpleString', '')} {event.get('physicalPlanDescription', '')}")
    return ".".join(found.groups()) if found else ""
