"""Jobs: what a person, a schedule or a sensor starts."""

from __future__ import annotations

import dagster as dg

from orchestration.partitions import DELIVERY_DAYS

# In one process: DuckDB lets one process write, and Great Expectations is imported once.
EXECUTOR = dg.in_process_executor

REFRESH = "refresh"

refresh = dg.define_asset_job(
    REFRESH,
    selection=dg.AssetSelection.all(),
    partitions_def=DELIVERY_DAYS,
    executor_def=EXECUTOR,
    description="Landing to published marts, for a day of deliveries or a range: ingest, raw gate, dbt, release"
    " gates, publish.",
)
