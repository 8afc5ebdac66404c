"""The release: the last asset, and the only one that BI tools see.

Belongs here: gathering the evidence of this run and handing it to `orchestration.publishing`.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.defs.ingestion import lake_key
from orchestration.defs.resources import Installation
from orchestration.provenance import gather
from orchestration.publishing.dictionary import page as dictionary
from orchestration.publishing.follow import follow
from orchestration.publishing.release import DICTIONARY, SCOREBOARD, publish
from orchestration.publishing.scoreboard import page as scoreboard
from orchestration.sources import SOURCES

RELEASE = dg.AssetKey("release")
# Deliveries come every day. A release that is older was held, or its gates fail, or nobody delivers: a reader sees the
# same in each case, figures of days ago.
FRESH_FOR = dg.FreshnessPolicy.time_window(fail_window=timedelta(days=3), warn_window=timedelta(hours=36))


def release_asset(marts: Sequence[dg.AssetKey], gates: Sequence[str]) -> dg.AssetsDefinition:
    """The asset that swaps `marts` in, once every suite of `gates` has passed in the same run."""

    @dg.asset(
        key=RELEASE,
        deps=[*marts, *map(lake_key, SOURCES)],
        freshness_policy=FRESH_FOR,
        group_name="release",
        kinds={"duckdb", "parquet"},
        description=(
            "What BI tools read: `serving/warehouse.duckdb`, Parquet, manifest, report of the gates, scoreboard and"
            " dictionary, swapped in together. If any gate fails, what is served stays byte for byte."
        ),
    )
    def release(
        context: dg.AssetExecutionContext, installation: Installation
    ) -> Iterator[dg.MaterializeResult[None]]:
        settings = installation.settings
        evidence, report = gather(settings, context.run.run_id, gates)
        made = publish(
            settings.build_database,
            settings.serving,
            evidence,
            report,
            datetime.now(UTC),
            settings.closed,
            {
                SCOREBOARD: lambda made, before: scoreboard.draw(made, before, settings.reference),
                DICTIONARY: lambda made, _: dictionary.draw(made),
            },
        )
        context.log.info(f"release {made.release_id} {'published' if made.is_new else 'was served already'}")
        tables = made.manifest["tables"]
        for mart in marts if made.is_new else []:
            counted = tables[mart.path[-1]]["rows"]
            rows = {} if counted is None else {"dagster/row_count": counted}
            context.log_event(dg.AssetObservation(mart, metadata=rows, description=made.release_id))
        yield dg.MaterializeResult(
            metadata={
                "release_id": made.release_id,
                "is_new": made.is_new,
                "tables": len(tables),
                "rows": sum(table["rows"] or 0 for table in tables.values()),
                "report": dg.MetadataValue.path(made.folder / "report.html"),
                "scoreboard": dg.MetadataValue.path(made.folder / SCOREBOARD),
                "dictionary": dg.MetadataValue.path(made.folder / DICTIONARY),
            }
        )
        # The files are served, whatever comes now: a run that leaves PostgreSQL behind them fails after that.
        for line in follow(settings.serving, settings.postgres_url):
            context.log.info(line)

    return release
