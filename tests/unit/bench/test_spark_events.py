"""What Spark's event log says is added up by executor and by statement, and the page of scale-out says it.

Belongs here: reckoning with a log written by hand. Does not belong here: Spark, which writes one (`make cluster`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench import cluster, spark_events

SQL = "org.apache.spark.sql.execution.ui.SparkListenerSQLExecution"


def statement(number: int, root: int, began: int, plan: str = "") -> dict[str, Any]:
    return {
        "Event": f"{SQL}Start", "executionId": number, "rootExecutionId": root, "time": began,
        "physicalPlanDescription": plan,
    }  # fmt: skip


def job(stages: list[int], execution: int | None) -> dict[str, Any]:
    properties = {} if execution is None else {"spark.sql.execution.id": str(execution)}
    return {"Event": "SparkListenerJobStart", "Stage IDs": stages, "Properties": properties}


def task(stage: int, executor: str, milliseconds: int, shuffled: int = 0, spilled: int = 0) -> dict[str, Any]:
    metrics = {
        "Executor Run Time": milliseconds, "Executor CPU Time": milliseconds * 500_000, "JVM GC Time": 10,
        "Disk Bytes Spilled": spilled, "Peak Execution Memory": 7 * stage,
        "Shuffle Write Metrics": {"Shuffle Bytes Written": shuffled},
        "Shuffle Read Metrics": {"Remote Bytes Read": 1, "Local Bytes Read": 100},
        "Input Metrics": {"Bytes Read": 1000}, "Output Metrics": {"Bytes Written": 2000},
    }  # fmt: skip
    return {
        "Event": "SparkListenerTaskEnd", "Stage ID": stage,
        "Task Info": {"Executor ID": executor, "Failed": False}, "Task Metrics": metrics,
    }  # fmt: skip


def logged(folder: Path, *events: dict[str, Any], cut: str = "") -> dict[str, Any]:
    log = folder / "app-1"
    text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    log.write_text(text + cut, encoding="utf-8")
    return spark_events.summary(log)


def test_tasks_count_for_their_executor_and_for_the_statement_that_wanted_them(tmp_path: Path) -> None:
    """The second execution is the query of the first, which writes `marts.mart_x`; stage 9 belongs to none."""
    plan = "Execute CreateDataSourceTableAsSelectCommand `spark_catalog`.`marts`.`mart_x`, ErrorIfExists, [a]"
    found = logged(
        tmp_path,
        {"Event": "SparkListenerApplicationStart", "Timestamp": 1_000},
        statement(1, 1, 2_000, plan),
        statement(2, 1, 2_100),
        job([3, 4], 2),
        task(3, "0", 400, shuffled=50),
        {"Event": "SparkListenerStageCompleted"},
        task(4, "1", 600, spilled=5),
        {"Event": "SparkListenerStageCompleted"},
        {"Event": f"{SQL}End", "executionId": 2, "time": 3_000},
        {"Event": f"{SQL}End", "executionId": 1, "time": 3_500},
        statement(5, 5, 4_000),
        {"Event": f"{SQL}End", "executionId": 5, "time": 4_200},
        job([9], None),
        task(9, "0", 100),
        {"Event": "SparkListenerApplicationEnd", "Timestamp": 6_000},
        cut='{"Event":"SparkListenerTaskEnd","Sta',
    )
    assert (found["seconds"], found["statements"], found["stages"]) == (5.0, 2, 2)
    assert {name: (work["tasks"], work["seconds"]) for name, work in found["executors"].items()} == {
        "0": (2, 0.5), "1": (1, 0.6),
    }  # fmt: skip
    total = found["total"]
    assert (total["tasks"], total["shuffled_bytes"], total["spilled_bytes"]) == (3, 50, 5)
    assert (total["fetched_bytes"], total["read_bytes"], total["written_bytes"]) == (3, 3000, 6000)
    assert total["most_memory_bytes"] == 63
    first, second = found["tables"]
    assert (first["table"], first["seconds"], first["work"]["tasks"]) == ("marts.mart_x", 1.5, 2)
    assert (second["table"], second["seconds"], second["work"]["tasks"]) == ("other", 0.2, 0)


def test_the_page_is_what_the_measurements_make() -> None:
    """Nobody writes a figure into its tables by hand."""
    page = cluster.PAGE.read_text(encoding="utf-8")
    found = [json.loads(file.read_text(encoding="utf-8")) for file in cluster.MEASURED.glob("cluster-*.json")]
    found.sort(key=lambda one: -one["scale"])
    assert page == cluster.placed(page, found)
