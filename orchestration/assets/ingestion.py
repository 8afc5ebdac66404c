"""Every source on its way into the lake: read, gated, admitted.

Belongs here: the Dagster face of `orchestration.ingest`, one pair of assets a source. Does not belong here:
reading and rules.
"""

import dagster as dg

from orchestration.ingest.catalogue import pending_batches
from orchestration.ingest.lake import promote
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

OWNERS = ["team:data-engineering"]
NOTHING_NEW = "nothing new"


def batch_key(source: Source) -> dg.AssetKey:
    """The asset that is a source's pending batch."""
    return dg.AssetKey(["ingestion", f"{source.name}_batch"])


def lake_key(source: Source) -> dg.AssetKey:
    """The asset that is a source's table in the lake: the key dagster-dbt gives the dbt source."""
    return dg.AssetKey([source.dbt_source, source.name])


def ingestion_assets(settings: Settings) -> list[dg.AssetsDefinition]:
    """Pending batch and lake table of each source, in the folders of `settings`."""
    return [made for source in SOURCES for made in (_batch(settings, source), _lake(settings, source))]


def _batch(settings: Settings, source: Source) -> dg.AssetsDefinition:
    @dg.asset(
        key=batch_key(source),
        group_name="ingestion",
        kinds={"python", "duckdb"},
        owners=OWNERS,
        description=(
            f"{source.description} New files of the landing folder, read and checked row by row, as one pending"
            " batch. Nothing downstream sees it before its gate has passed."
        ),
    )
    def batch(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        report = source.ingest(settings)
        for line in report.summary():
            context.log.info(line)
        if report.landing_problems:
            raise dg.Failure(
                "\n".join(str(problem) for problem in report.landing_problems), allow_retries=False
            )
        return dg.MaterializeResult(
            metadata={
                "batch": report.batch_id or NOTHING_NEW,
                **report.counts,
                "summary": dg.MetadataValue.md("\n".join(f"* {line}" for line in report.summary())),
            }
        )

    return batch


def _lake(settings: Settings, source: Source) -> dg.AssetsDefinition:
    @dg.asset(
        key=lake_key(source),
        deps=[batch_key(source)],
        group_name="lake",
        kinds={"parquet"},
        owners=OWNERS,
        description=f"{source.description} Every batch that was admitted.",
    )
    def lake(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        source.ensure(settings.lake)
        admitted = pending_batches(settings.lake, source.name)
        for batch in admitted:
            promote(settings.lake, source.name, batch)
            context.log.info(f"batch {batch} admitted")
        return dg.MaterializeResult(metadata={"admitted": ", ".join(admitted) or "nothing new"})

    return lake
