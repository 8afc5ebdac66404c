"""Every source on its way into the lake: read, gated, admitted.

Belongs here: the Dagster face of `orchestration.ingestion`, one pair of assets a source. Does not belong here:
reading and rules.
"""

import warnings
from collections.abc import Iterable
from datetime import timedelta

import dagster as dg

from orchestration.defs.extraction import PULLED
from orchestration.defs.gate_results import (
    AGENCIES,
    ALL_IN_PLACE,
    EVERY_FILE_READ,
    OWN_AGENCIES,
    REFUSED,
    senders_of,
)
from orchestration.defs.partitions import DELIVERY_DAYS, days_of, known_days
from orchestration.defs.portal_capture import CAPTURED
from orchestration.defs.resources import Installation
from orchestration.fingerprints import served_deliveries
from orchestration.harmless_text import as_description, for_terminal
from orchestration.ingestion.catalogue import pending_batches
from orchestration.ingestion.damaged_batches import check_batches, check_nothing_lost, check_retractions
from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import PORTAL, delivery_date_of
from orchestration.ingestion.problems import FOREIGN_AGENCY
from orchestration.ingestion.quarantine import clear_resolved
from orchestration.ingestion.report import IngestReport
from orchestration.ingestion.whose_fault import PASSING
from orchestration.provenance import passed_batches
from orchestration.sources import SOURCES, Source, agreed_at_start, source_named
from orchestration.vietnam_time import ZONE

NOTHING_NEW = "nothing new"
UNITS = "unit_catalogue"
# Between the start of the nightly run (01:30) and this hour something must have looked at the deliveries. Where nothing
# runs at all, nobody asks: `status` alone says it then.
FRESH_BY = dg.FreshnessPolicy.cron("0 5 * * *", lower_bound_delta=timedelta(hours=4), timezone=ZONE)
RETRIES, FIRST_WAIT_SECONDS = 4, 15
#: In the metadata of a batch: what its summary says, line by line.
LINES = "lines"
_FENCE = "```"


def batch_key(source: Source) -> dg.AssetKey:
    """The asset that is a source's pending batch."""
    return dg.AssetKey(["ingestion", f"{source.name}_batch"])


def lake_key(source: Source) -> dg.AssetKey:
    """The asset that is a source's table in the lake: the key dagster-dbt gives the dbt source."""
    return dg.AssetKey([source.dbt_source, source.name])


def ingestion_assets() -> list[dg.AssetsDefinition]:
    """Pending batch and lake table of each source."""
    with warnings.catch_warnings():
        # One run for a range of days (`backfill_policy`) is called beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return [made for source in SOURCES for made in (_batch(source), _lake(source))]


def _batch(source: Source) -> dg.AssetsDefinition:
    @dg.asset(
        key=batch_key(source),
        # Who may deliver for whom, and which agencies there are, is read in the catalogue of units: it comes first.
        deps=[
            PULLED,
            *([CAPTURED] if source.name == PORTAL else []),
            *([lake_key(source_named(UNITS))] if source.name != UNITS else []),
        ],
        partitions_def=DELIVERY_DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        freshness_policy=FRESH_BY,
        group_name="ingestion",
        kinds={"python", "duckdb"},
        check_specs=[
            dg.AssetCheckSpec(
                EVERY_FILE_READ,
                asset=batch_key(source),
                description="Was every file read or refused? One at which the warehouse fails is read again next time.",
            ),
            dg.AssetCheckSpec(
                ALL_IN_PLACE,
                asset=batch_key(source),
                description="Is all that landed a file of a delivery, in its place and as it was landed?",
            ),
            dg.AssetCheckSpec(
                OWN_AGENCIES,
                asset=batch_key(source),
                description="Did every sender deliver only for agencies for which it may?",
            ),
        ],
        description=(
            f"{source.description} New files of the landing folder, read and checked row by row, as one pending"
            " batch. Nothing downstream sees it before its gate has passed."
        ),
    )
    # Beside a check, Dagster knows the result by its bare class only.
    def batch(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult:  # type: ignore[type-arg]
        days = days_of(context.run)
        settings = installation.settings
        report = source.ingest(settings, days or known_days(), agreed_at_start(settings, context.run.run_id))
        for line in report.summary():
            context.log.info(line)
        if any(problem.reason_code in PASSING for problem in report.problems):
            _try_again(context, report)
        if (
            not context.has_partition_key_range
        ):  # a run of whatever has landed: it reports the days that it found
            for day in sorted({file.delivery_date.isoformat() for file in report.files}):
                context.log_event(dg.AssetMaterialization(context.asset_key, partition=day))
        return dg.MaterializeResult(
            metadata={
                "batch": report.batch_id or NOTHING_NEW,
                **report.counts,
                "summary": dg.MetadataValue.md(as_markdown(report.summary())),
                LINES: report.summary(),
            },
            check_results=[
                _every_file_read(report),
                _all_in_place(report),
                _own_agencies(report),
            ],
        )

    return batch


def _every_file_read(report: IngestReport) -> dg.AssetCheckResult:
    """It holds nothing back. Whoever is on call is alerted: no sender can mend what the warehouse failed at."""
    return dg.AssetCheckResult(
        check_name=EVERY_FILE_READ,
        passed=not report.unread,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_description("\n".join(map(str, report.unread))) or "every file was read or refused",
        metadata={
            AGENCIES: senders_of(problem.file for problem in report.unread),
            REFUSED: dg.MetadataValue.int(len(report.unread)),
        },
    )


def _all_in_place(report: IngestReport) -> dg.AssetCheckResult:
    """It holds nothing back: nobody may end the night of the others by a folder too many. Whoever is on call is alerted
    of what lies among the deliveries of a day and was not taken, or has changed since: a sender's rows may be missing,
    and nothing else would say so. What lies outside of all days is found by every run, and missed by nobody.
    """
    told = [one for one in report.landing_problems if delivery_date_of(one.file) is not None]
    others = [one for one in report.landing_problems if one not in told]
    return dg.AssetCheckResult(
        check_name=ALL_IN_PLACE,
        passed=not report.landing_problems,
        severity=dg.AssetCheckSeverity.WARN,
        # An alert shows the beginning.
        description=as_description("\n".join(map(str, [*told, *others])))
        or "all that landed is in its place",
        metadata={
            AGENCIES: senders_of(problem.file for problem in report.landing_problems),
            REFUSED: dg.MetadataValue.int(len(told)),
        },
    )


def _own_agencies(report: IngestReport) -> dg.AssetCheckResult:
    foreign = [file for file in report.files if file.rows_foreign]
    lines = (
        f"{file.source_file}: {file.rows_foreign} of {file.rows_read} rows are of agencies for which {file.sender} may"
        f" not deliver (it may for {file.may_deliver}); they are in quarantine as {FOREIGN_AGENCY}"
        for file in foreign
    )
    return dg.AssetCheckResult(
        check_name=OWN_AGENCIES,
        passed=not foreign,
        severity=dg.AssetCheckSeverity.WARN,
        description=as_description("\n".join(lines))
        or "every row is of an agency for which its sender may deliver",
        metadata={
            AGENCIES: sorted({file.sender for file in foreign}),
            REFUSED: dg.MetadataValue.int(len(foreign)),
            "failing_rows": sum(file.rows_foreign for file in foreign),
        },
    )


def as_markdown(lines: Iterable[str]) -> str:
    """Lines as text, whatever is delivered in them: a picture would be fetched by whoever looks at the run."""
    return "\n".join(
        [_FENCE, *(for_terminal(line).replace("\n", "?").replace("`", "'") for line in lines), _FENCE]
    )


def _try_again(context: dg.AssetExecutionContext, report: IngestReport) -> None:
    """Raise dg.RetryRequested, each time after twice the wait; after the last, the raw gate judges what is there."""
    if context.retry_number < RETRIES:
        passing = "; ".join(str(problem) for problem in report.problems if problem.reason_code in PASSING)
        context.log.warning(f"trying again: {passing}")
        raise dg.RetryRequested(RETRIES, FIRST_WAIT_SECONDS * 2**context.retry_number)


def _lake(source: Source) -> dg.AssetsDefinition:
    @dg.asset(
        key=lake_key(source),
        deps=[batch_key(source)],
        freshness_policy=FRESH_BY,
        group_name="lake",
        kinds={"parquet"},
        description=f"{source.description} Every batch that was admitted.",
    )
    def lake(context: dg.AssetExecutionContext, installation: Installation) -> dg.MaterializeResult[None]:
        settings = installation.settings
        source.ensure(settings.lake)
        served = served_deliveries(settings)
        check_batches(settings.lake, source.name)
        check_retractions(settings.lake, source.name, served.retracted)
        admitted = pending_batches(settings.lake, source.name)
        passed = passed_batches(settings, context.run.run_id, source.name)
        if unjudged := [batch for batch in admitted if batch not in passed]:
            raise dg.Failure(
                f"{source.name}: the raw gate of this run has not passed batch {', '.join(unjudged)}; expected a"
                " batch to be read, judged and admitted in one run; run the whole job `refresh`",
                allow_retries=False,
            )
        for batch in admitted:
            promote(settings.lake, source.name, batch)
            context.log.info(f"batch {batch} admitted")
        check_nothing_lost(settings.lake, settings.landing, source.name, served.files)
        cleared = clear_resolved(settings.lake, settings.quarantine, source.name)
        for file in cleared:
            context.log.info(f"{file} is resolved by a corrected delivery; its quarantine is cleared")
        return dg.MaterializeResult(
            metadata={"admitted": ", ".join(admitted) or "nothing new", "resolved": len(cleared)}
        )

    return lake
