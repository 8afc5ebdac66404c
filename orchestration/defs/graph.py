"""The definitions, assembled from their parts for the folders of one installation.

Belongs here: which parts make the graph. A test calls `build_defs` with its own folders and gets the real graph.
"""

from __future__ import annotations

import dagster as dg

from expectations.drift import HOLD
from orchestration.defs import resources
from orchestration.defs.alerts import failed_runs, refused_deliveries
from orchestration.defs.closing import closed_month
from orchestration.defs.delivery_checks import delivery_checks
from orchestration.defs.extraction import pulled_pages
from orchestration.defs.ingestion import OWNERS, WRITER, ingestion_assets
from orchestration.defs.jobs import EXECUTOR, monthly_close, refresh
from orchestration.defs.models import dbt_models, mart_keys
from orchestration.defs.raw_gates import raw_gates
from orchestration.defs.release import release_asset
from orchestration.defs.release_gates import RELEASE_SUITES, hold_gate, release_gates
from orchestration.defs.run_lock import writer
from orchestration.defs.schedules import close_last_month, nightly
from orchestration.defs.scoring_checks import scoring_check
from orchestration.defs.sensors import late_deliveries
from orchestration.defs.unit_checks import unit_check
from orchestration.settings import Settings


def build_defs(settings: Settings) -> dg.Definitions:
    """The whole graph. Needs the dbt manifest (`make manifest`)."""
    models = dbt_models(settings)
    marts = mart_keys(models)
    return dg.Definitions(
        assets=[
            pulled_pages(settings, {WRITER}, OWNERS),
            *ingestion_assets(settings),
            models,
            release_asset(settings, marts, [*RELEASE_SUITES, HOLD]),
            closed_month(settings, {WRITER}, OWNERS),
        ],
        asset_checks=[
            *raw_gates(settings),
            *delivery_checks(settings),
            unit_check(settings),
            *release_gates(settings, marts),
            hold_gate(settings, marts),
            scoring_check(settings, marts),
        ],
        jobs=[refresh, monthly_close],
        schedules=[nightly, close_last_month],
        sensors=[late_deliveries(settings), failed_runs(settings), refused_deliveries(settings)],
        resources={"dbt": resources.dbt(settings), WRITER: writer(settings)},
        # Also of what is started by hand in the UI: one process holds the lock on the build database.
        executor=EXECUTOR,
    )
