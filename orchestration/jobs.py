"""Jobs: what a person or a schedule starts."""

from __future__ import annotations

import dagster as dg

# In one process: DuckDB lets one process write, and Great Expectations is imported once.
refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="Landing to published marts: ingest, raw gate, dbt, release gates, publish.",
)
