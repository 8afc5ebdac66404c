"""The portal's results on their way into the lake: read, gated, admitted.

Belongs here: the Dagster face of `orchestration.ingest`. Does not belong here: reading and rules.
"""

import dagster as dg

from orchestration.ingest.batch import SOURCE, ensure_dataset, ingest, promote
from orchestration.ingest.catalogue import pending_batches
from orchestration.settings import Settings

OWNERS = ["team:data-engineering"]
BATCH = dg.AssetKey(["ingestion", "portal_service_results_batch"])
LAKE = dg.AssetKey(["portal", "portal_service_results"])  # the key dagster-dbt gives the dbt source


def portal_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """The pending batch and the lake's table, in the folders of `settings`."""

    @dg.asset(
        key=BATCH,
        group_name="ingestion",
        kinds={"json", "parquet"},
        owners=OWNERS,
        description=(
            "New files of the landing folder, read and checked row by row, as one pending batch. Nothing"
            " downstream sees it before its gate has passed."
        ),
    )
    def portal_service_results_batch(
        context: dg.AssetExecutionContext,
    ) -> dg.MaterializeResult[None]:
        report = ingest(settings.landing, settings.lake, settings.quarantine, settings.reference)
        for line in report.summary():
            context.log.info(line)
        if report.landing_problems:
            raise dg.Failure(
                "\n".join(str(problem) for problem in report.landing_problems), allow_retries=False
            )
        return dg.MaterializeResult(
            metadata={
                "batch": report.batch_id or "nothing new",
                **report.counts,
                "summary": dg.MetadataValue.md("\n".join(f"* {line}" for line in report.summary())),
            }
        )

    @dg.asset(
        key=LAKE,
        deps=[BATCH],
        group_name="lake",
        kinds={"parquet"},
        owners=OWNERS,
        description="Every admitted batch: one row for each unit of a payload, nested lists kept nested.",
    )
    def portal_service_results(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        ensure_dataset(settings.lake)
        admitted = pending_batches(settings.lake, SOURCE)
        for batch in admitted:
            promote(settings.lake, SOURCE, batch)
            context.log.info(f"batch {batch} admitted")
        return dg.MaterializeResult(metadata={"admitted": ", ".join(admitted) or "nothing new"})

    return [portal_service_results_batch, portal_service_results]
