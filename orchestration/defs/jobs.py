"""Jobs: what a person, a schedule or a sensor starts."""

from __future__ import annotations

import dagster as dg

from orchestration.defs.closing import CLOSED

# In one process: DuckDB lets one process write, and Great Expectations is imported once.
EXECUTOR = dg.in_process_executor

REFRESH = "refresh"

refresh = dg.define_asset_job(
    REFRESH,
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(CLOSED),
    executor_def=EXECUTOR,
    description="Landing to published marts, for a day of deliveries or a range: ingest, raw gate, dbt, release"
    " gates, publish.",
)

monthly_close = dg.define_asset_job(
    "monthly_close",
    selection=dg.AssetSelection.assets(CLOSED),
    executor_def=EXECUTOR,
    description="Freezes what is served of a month that is over.",
)
