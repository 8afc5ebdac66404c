"""Great Expectations as blocking asset checks.

Belongs here: one factory that turns a suite into a check, and what is checked before the lake and before a
release. Does not belong here: bounds (`expectations.suites`) and running a suite (`expectations.gate`).
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import dagster as dg
import duckdb

from expectations.gate import GateResult, run_gate
from expectations.suites import load, names, table_of
from orchestration.assets.ingestion import batch_key
from orchestration.evidence import gate_folder, keep_gate
from orchestration.ingest.catalogue import pending_batches
from orchestration.ingest.lake import pending_folder
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

RELEASE_SUITES = names("release")


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
        return _as_check([result])

    return gate


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
        database = settings.build / f"raw_gate_{source.name}.duckdb"
        _show_batch(database, source.name, pending_folder(settings.lake, source.name), pending)
        suites = {"files": load("raw__files", source=source.name, most_refused=source.most_refused)}
        if f"raw__{source.name}" in names("raw"):
            suites[source.name] = load(f"raw__{source.name}")
        folder = gate_folder(settings, context.run.run_id)
        results = [
            run_gate(database, "main", table, suite, failing_rows_dir=folder)
            for table, suite in suites.items()
        ]
        database.unlink()
        for result in results:
            keep_gate(settings, context.run.run_id, result)
        return _as_check(results)

    return gate


def _show_batch(database: Path, source: str, pending: Path, batches: Sequence[str]) -> None:
    """A database that shows the pending batch: what the suites of stage `raw` look at."""
    database.parent.mkdir(parents=True, exist_ok=True)
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as connection:
        for table, file in ((source, "rows"), ("files", "files")):
            paths = [str(pending / f"batch={batch}" / f"{file}.parquet") for batch in batches]
            connection.read_parquet(paths).create_view(table)


def _as_check(results: Sequence[GateResult]) -> dg.AssetCheckResult:
    """Several verdicts as one check: its description is what a person reads first when it fails."""
    failed = [result for result in results if not result.success]
    return dg.AssetCheckResult(
        passed=not failed,
        description="\n".join(result.message() for result in failed or results),
        metadata={
            "expectations": sum(len(result.checks) for result in results),
            "failed": sum(len(result.failed()) for result in results),
            **{result.suite: dg.MetadataValue.json(result.to_dict()) for result in results},
        },
    )
