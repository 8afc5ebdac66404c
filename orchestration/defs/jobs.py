"""Jobs: what a person, a schedule or a sensor starts."""

from __future__ import annotations

import dagster as dg

from orchestration.defs.closing import CLOSED
from orchestration.defs.extraction import PULLED
from orchestration.defs.portal_capture import CAPTURED
from orchestration.last_refresh import REFRESH

# In one process: DuckDB lets one process write, and Great Expectations is imported once.
EXECUTOR = dg.in_process_executor

refresh = dg.define_asset_job(
    REFRESH,
    # The portal is asked by whoever asks for it, and not by every run.
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(CLOSED, CAPTURED),
    executor_def=EXECUTOR,
    description="Landing to published marts, for a day of deliveries or a range: ingest, raw gate, dbt, release"
    " gates, publish.",
)

portal_capture = dg.define_asset_job(
    "portal_capture",
    # Gateways are asked at night, for a day that is over: once fetched, a day is not asked for again.
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(CLOSED, PULLED),
    executor_def=EXECUTOR,
    description="Asks the portal for its figures (`seeds/agreements/portal.yml`), then does what `refresh` does for"
    " today.",
)

monthly_close = dg.define_asset_job(
    "monthly_close",
    selection=dg.AssetSelection.assets(CLOSED),
    executor_def=EXECUTOR,
    description="Freezes what is served of a month that is over.",
)
