"""The definitions, assembled from their parts for the folders of one installation.

Belongs here: which parts make the graph. A test calls `build_defs` with its own folders and gets the real graph.
"""

from __future__ import annotations

import dagster as dg

from expectations.drift import HOLD
from orchestration.defs.alerts import failed_runs, refused_deliveries, unposted_alerts
from orchestration.defs.closing import closed_month
from orchestration.defs.delivery_checks import delivery_checks
from orchestration.defs.extraction import pulled_pages
from orchestration.defs.ingestion import ingestion_assets
from orchestration.defs.jobs import EXECUTOR, monthly_close, portal_capture, refresh
from orchestration.defs.models import dbt_models, mart_keys
from orchestration.defs.portal_capture import captured_answers
from orchestration.defs.raw_gates import raw_gates
from orchestration.defs.release import release_asset
from orchestration.defs.release_gates import RELEASE_SUITES, hold_gate, release_gates
from orchestration.defs.resources import Installation, dbt
from orchestration.defs.schedules import capture_portal, close_last_month, nightly
from orchestration.defs.scoring_checks import scoring_check
from orchestration.defs.sensors import late_deliveries
from orchestration.defs.unit_checks import unit_check
from orchestration.settings import Settings

OWNERS = ["team:data-engineering"]


def build_defs(settings: Settings) -> dg.Definitions:
    """The whole graph. Needs the dbt manifest (`make manifest`)."""
    models = dbt_models(settings.dbt_project, settings.dbt_manifest)
    release = release_asset(mart_keys(models), [*RELEASE_SUITES, HOLD])
    return dg.Definitions(
        assets=dg.map_asset_specs(
            # Unless a model names others.
            lambda spec: spec.replace_attributes(owners=spec.owners or OWNERS),
            [pulled_pages, captured_answers, *ingestion_assets(), models, release, closed_month],
        ),
        asset_checks=[
            *raw_gates(),
            *delivery_checks(),
            unit_check,
            *release_gates(),
            hold_gate,
            scoring_check,
        ],
        jobs=[refresh, portal_capture, monthly_close],
        schedules=[nightly, capture_portal, close_last_month],
        sensors=[late_deliveries, failed_runs, refused_deliveries, unposted_alerts],
        resources={
            "dbt": dbt(settings),
            "installation": Installation(settings=settings),
            # To look at its folders takes no lock: sensors do, while a run is under way.
            "settings": settings,
        },
        # Also of what is started by hand in the UI: one process holds the lock on the build database.
        executor=EXECUTOR,
    )
