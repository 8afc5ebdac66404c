"""Great Expectations as blocking asset checks.

Belongs here: what is checked before a release. Does not belong here: the gate before the lake (`raw_gate`), bounds
(`expectations.suites`) and running a suite (`expectations.gate`).
"""

from collections.abc import Iterable

import dagster as dg
from pydantic import Field

from expectations.drift import compare
from expectations.gate import run_gate
from expectations.suites import load, names, table_of
<<<<<<< HEAD
from orchestration.build_database import remove_database
from orchestration.commands import command, os_user
from orchestration.evidence import gate_folder, keep_approvals, keep_gate
from orchestration.gate_checks import as_check
=======
from orchestration.assets.ingestion import batch_key
from orchestration.build_database import passing_database
from orchestration.evidence import gate_folder, keep_approvals, keep_gate, keep_passed
from orchestration.ingest.catalogue import pending_batches
from orchestration.ingest.lake import pending_folder, visible_batches
>>>>>>> faults
from orchestration.publish.manifest import refuse_unreadable
from orchestration.publish.release import served_folder
from orchestration.settings import Settings
from orchestration.shown import as_description

RELEASE_SUITES = names("release")
# One suite does not judge the build but asks a person: it holds a release back until somebody approves it.
(HOLD,) = names("hold")


class Approval(dg.Config):
    """A person lets one hold pass: which, who, why. All of it stands in the manifest of the release, beside what is
    not taken from anybody's word: the operating system's user of the process, and the way it came.
    """

    hold: str
    by: str = Field(pattern=r"\S")
    reason: str = Field(pattern=r"\S")


class Approvals(dg.Config):
    """Run config of the check that holds: `{"approvals": [{"hold": ..., "by": ..., "reason": ...}]}`."""

    approvals: list[Approval] = []  # noqa: RUF012  (a field of the config, not of the class)


def hold_gate(settings: Settings, marts: Iterable[dg.AssetKey]) -> dg.AssetChecksDefinition:
    """The blocking check that compares the build with what is served."""
    ranking = next(key for key in marts if key.path[-1] == "mart_province_ranking")

    @dg.asset_check(
        asset=ranking,
        name=HOLD,
        blocking=True,
        description="Great Expectations: did a province move further than a person should hear of first?",
    )
    def gate(context: dg.AssetCheckExecutionContext, config: Approvals) -> dg.AssetCheckResult:
        served = served_folder(settings.serving) / "parquet" / "mart_province_ranking.parquet"
        refuse_unreadable(served)
<<<<<<< HEAD
        hold = compare(settings.build_database, served, database, [given.hold for given in config.approvals])
        signature = {"os_user": os_user(), "through": through(context.run)}
        used = [given.model_dump() | signature for given in config.approvals if given.hold == hold]
=======
        approved = [given.hold for given in config.approvals]
>>>>>>> faults
        folder = gate_folder(settings, context.run.run_id)
        with passing_database(settings.build / "drift.duckdb") as database:
            hold = compare(settings.build_database, served, database, approved)
            result = run_gate(database, "main", table_of(HOLD), load(HOLD), failing_rows_dir=folder)
        used = [given.model_dump() for given in config.approvals if given.hold == hold]
        keep_gate(settings, context.run.run_id, result)
        keep_approvals(settings, context.run.run_id, used)
        check = as_check([result])
        if result.success:
            return check
        lifted = f"If it is right: {command('approve', str(hold), '--by', 'NAME', '--reason', 'WHY')}"
        return check._replace(
            description=as_description(
                f"HELD as {hold}: what is served stays until a person approves.\n{check.description}\n{lifted}"
            ),
            metadata={
                **check.metadata,
                "held": dg.MetadataValue.bool(True),
                "hold": dg.MetadataValue.text(str(hold)),
            },
        )

    return gate


def through(run: dg.DagsterRun) -> str:
    """How the run was started: only what is queued has an origin, and no tag that somebody types makes one."""
    return "command line" if run.remote_job_origin is None else "Dagster's interface, name as typed there"


def release_gates(settings: Settings, marts: Iterable[dg.AssetKey]) -> list[dg.AssetChecksDefinition]:
    """One blocking check for each release suite, on the mart it names."""
    by_table = {key.path[-1]: key for key in marts}
    return [_release_gate(settings, name, by_table[table_of(name)]) for name in RELEASE_SUITES]


def _release_gate(settings: Settings, name: str, mart: dg.AssetKey) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=mart,
        name=name,
        blocking=True,
        description="Great Expectations: may this mart be published?",
    )
    def gate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        result = run_gate(
            settings.build_database,
            "marts",
            table_of(name),
            load(name),
            failing_rows_dir=gate_folder(settings, context.run.run_id),
        )
        keep_gate(settings, context.run.run_id, result)
        return as_check([result])

    return gate
<<<<<<< HEAD
=======


def raw_gates(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """One blocking check for each source, on its pending batch; passes when nothing is pending."""
    return [_raw_gate(settings, source) for source in SOURCES]


def _raw_gate(settings: Settings, source: Source) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=batch_key(source),
        name="raw_gate",
        blocking=True,
        description="Great Expectations: may this batch enter the lake?",
    )
    def gate(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        pending = pending_batches(settings.lake, source.name)
        if not pending:
            return dg.AssetCheckResult(passed=True, metadata={"verdict": "nothing new to judge"})
        suites = {"files": load("raw__files", source=source.name, most_refused=source.most_refused)}
        if f"raw__{source.name}" in names("raw"):
            suites[source.name] = load(f"raw__{source.name}")
        folder = gate_folder(settings, context.run.run_id)
        with passing_database(settings.build / f"raw_gate_{source.name}.duckdb") as database:
            _show_batch(settings, database, source.name, pending)
            results = [
                run_gate(database, "main", table, suite, failing_rows_dir=folder)
                for table, suite in suites.items()
            ]
        for result in results:
            keep_gate(settings, context.run.run_id, result)
        if all(result.success for result in results):
            keep_passed(settings, context.run.run_id, source.name, pending)
        return _as_check(results)

    return gate


def _show_batch(settings: Settings, database: Path, source: str, batches: Sequence[str]) -> None:
    """A database that shows the pending batch, and what its senders delivered before: what suites of stage `raw`
    look at. Of the lake only manifests are read.
    """
    pending, lake = pending_folder(settings.lake, source), settings.lake / source
    with duckdb.connect(str(database)) as connection:
        for table, files in ((source, "rows*"), ("files", "files")):
            paths = [
                str(path)
                for batch in batches
                for path in (pending / f"batch={batch}").glob(f"{files}.parquet")
            ]
            connection.read_parquet(paths).create_view(table)
        manifests = [
            str(lake / f"batch={batch}" / "files.parquet") for batch in visible_batches(settings.lake, source)
        ]
        earlier = "select source_file, sender, delivery_date, rows_read, status from read_parquet($files)"
        nothing = "select source_file, sender, delivery_date, rows_read, status from files limit 0"
        connection.execute(
            "create table history as select sender, delivery_date, sum(rows_read)::bigint as rows_read from"
            f" ({earlier if manifests else nothing}) where status <> 'duplicate' group by sender, delivery_date",
            {"files": manifests} if manifests else {},
        )


def _as_check(results: Sequence[GateResult]) -> dg.AssetCheckResult:
    """Several verdicts as one check: its description is what a person reads first when it fails."""
    failed = [result for result in results if not result.success]
    return dg.AssetCheckResult(
        passed=not failed,
        description="\n".join(result.message() for result in failed or results),
        metadata={
            "expectations": sum(len(result.checks) for result in results),
            "failed": sum(len(result.failed()) for result in results),
            "failing_rows": sum(check.failing_rows for result in failed for check in result.failed()),
            **{result.suite: dg.MetadataValue.json(result.to_dict()) for result in results},
            # Whole, where the message shows a few.
            **{
                f"rows of: {check.description}": dg.MetadataValue.path(check.rows_file)
                for result in failed
                for check in result.failed()
                if check.rows_file
            },
        },
    )
>>>>>>> faults
