"""Closed months: one partition a month, frozen from what is served.

Belongs here: the Dagster face of `orchestration.publishing.closed_months`. Does not belong here: what is frozen.
"""

from datetime import UTC, date, datetime

import dagster as dg

from orchestration.defs.partitions import CLOSED_MONTHS
from orchestration.defs.release import RELEASE
from orchestration.defs.resources import Installation
from orchestration.publishing.closed_months import close_month

CLOSED = dg.AssetKey("closed_month")


@dg.asset(
    key=CLOSED,
    deps=[RELEASE],
    partitions_def=CLOSED_MONTHS,
    group_name="release",
    kinds={"parquet"},
    description="What was served of a month when it was closed. Later deliveries do not rewrite it; from the next"
    " release on, schema `closed` shows it to BI tools, and `closed.changes_since_close` what is different now.",
)
def closed_month(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult[None]:
    """A month that is closed already stays as it was."""
    settings = installation.settings
    month = date.fromisoformat(context.partition_key)
    made = close_month(settings.serving, settings.closed, month, datetime.now(UTC))
    status = "closed" if made.is_new else "was closed already"
    context.log.info(f"{made.month} {status}: {made.status} {made.manifest['reason']}")
    return dg.MaterializeResult(
        metadata={
            "revision": made.revision,
            "status": made.status,
            "reason": str(made.manifest["reason"]),
            "release_id": str(made.manifest["release_id"]),
            "folder": dg.MetadataValue.path(made.folder),
        }
    )
