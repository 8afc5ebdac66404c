"""The definitions, assembled from their parts for the folders of one installation.

Belongs here: which parts make the graph. A test calls `build_defs` with its own folders and gets the real graph.
"""

from __future__ import annotations

import dagster as dg

from orchestration import resources
from orchestration.assets.closing import closed_month
from orchestration.assets.ingestion import OWNERS, WRITER, ingestion_assets
from orchestration.assets.models import dbt_models, mart_keys
from orchestration.assets.pulling import pulled_pages
from orchestration.assets.release import release_asset
from orchestration.checks import HOLD, RELEASE_SUITES, hold_gate, release_gates
from orchestration.delivery_checks import delivery_checks
from orchestration.jobs import EXECUTOR, monthly_close, refresh
from orchestration.raw_gate import raw_gates
from orchestration.run_alerts import failed_runs, refused_deliveries
from orchestration.schedules import close_last_month, nightly
from orchestration.scoring_checks import scoring_check
from orchestration.sensors import late_deliveries
from orchestration.settings import Settings
from orchestration.unit_checks import unit_check
from orchestration.writer import writer


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
