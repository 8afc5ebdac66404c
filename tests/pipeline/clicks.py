"""Materialising a part of the graph, as a person does in Dagster's UI.

Belongs here: the run of a selection, and what it failed with. Does not belong here: what anybody selects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import dagster as dg

from orchestration.defs.graph import build_defs
from orchestration.defs.run_job import QUIET
from orchestration.settings import Settings


def click(
    settings: Settings, instance: dg.DagsterInstance, wanted: Callable[[str], bool], config: Any = None
) -> dg.ExecuteInProcessResult:
    """Materialise the assets and checks whose names are wanted: `marts/mart_index`, `marts/mart_index:is_scored`."""
    job = build_defs(settings).resolve_job_def("refresh")
    graph = job.asset_layer.asset_graph
    assets = {key for key in job.asset_layer.executable_asset_keys if wanted(key.to_user_string())}
    checks = {key for key in graph.asset_check_keys if wanted(f"{key.asset_key.to_user_string()}:{key.name}")}
    part = job.get_subset(asset_selection=assets, asset_check_selection=checks)
    return part.execute_in_process(instance=instance, raise_on_error=False, run_config=config or QUIET)


def errors(events: Iterable[dg.DagsterEvent]) -> str:
    failures = [event.step_failure_data.error for event in events if event.is_step_failure]
    return "\n".join((error.cause or error).message for error in failures if error is not None)
