"""One run of the real job in a process of its own, stage by stage: `python bench/job.py DATA [DAY]`.

Here: running it on all that has landed, or as the schedule does on the deliveries of a day, and telling what it took,
as one line of JSON. Not here: which runs (`nation.py`).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

from bench.watch import Taken, Watch
from orchestration.defs.run_job import refresh
from orchestration.ingestion.landing import Days
from orchestration.settings import Settings

#: In the order of a run.
STAGES = START, INGEST, RAW, DBT, RELEASE, PUBLISH = (
    "start", "ingestion", "raw gates", "dbt", "release gates", "publish",
)  # fmt: skip


def stage_of(step: str) -> str:
    """What a step of the job belongs to."""
    named = {START: START, "models": DBT, "release": PUBLISH}
    if step in named:
        return named[step]
    if step.endswith("_raw_gate"):
        return RAW
    return RELEASE if step.startswith("marts__") else INGEST


def main(data: Path, day: date | None = None) -> dict[str, Any]:
    """Run the job on what has landed in `data`, that of `day` if one is given. Raises RuntimeError where it fails."""
    settings = Settings(data)
    with Watch() as watch:
        watch.begin(START)
        outcome = refresh(
            settings, days=Days(day, day) if day else None, step=lambda step, *_: watch.begin(step)
        )
    if not outcome.success:
        raise RuntimeError("\n".join(outcome.lines))
    stages: dict[str, Taken] = {}
    for step, taken in watch.stages.items():
        stages.setdefault(stage_of(step), Taken()).add(taken)
    return {
        "stages": {stage: asdict(taken) for stage, taken in stages.items()},
        "steps": {step: round(taken.wall, 2) for step, taken in watch.stages.items()},
        # A night without news does not call dbt.
        "models": models(settings.build / "dbt" / "run_results.json") if "release" in watch.stages else {},
    }


def models(run_results: Path) -> dict[str, tuple[float, float]]:
    """When each model and seed began and ended, by name, in seconds since the first, as dbt has them of a call."""
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    found = {
        result["unique_id"].rsplit(".", 1)[1]: [
            datetime.fromisoformat(timing[moment]).timestamp()
            for timing in result["timing"] if timing["name"] == "execute"
            for moment in ("started_at", "completed_at")
        ]
        for result in results
        if result["unique_id"].startswith(("model.", "seed."))
    }  # fmt: skip
    first = min(began for began, _ in found.values())
    return {
        name: (round(began - first, 2), round(ended - first, 2)) for name, (began, ended) in found.items()
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), *map(date.fromisoformat, sys.argv[2:]))))
