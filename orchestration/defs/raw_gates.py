"""The gate before the lake: Great Expectations on a source's pending batch, as a blocking asset check.

A refused delivery keeps out its own sender, nobody else: what failing rows name is left out of the batch, and the rest is
judged again (ADR 0037). Only where no delivery is named is nothing of the source admitted, and the run ends.

Belongs here: showing a batch to the suites, and what becomes of their verdict. Does not belong here: bounds
(`expectations/suites`), and writing batches (`ingestion`).
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import dagster as dg
import duckdb

from expectations.builder import load
from expectations.gate import GateResult, run_gate
from orchestration.build_database import passing_database
from orchestration.defs.gate_results import RAW_GATE, REFUSED, as_check, senders_of
from orchestration.defs.ingestion import batch_key
from orchestration.defs.resources import Installation
from orchestration.harmless_text import as_description
from orchestration.ingestion.catalogue import pending_batches
from orchestration.ingestion.contracts import Contract
from orchestration.ingestion.lake import pending_folder, visible_batches
from orchestration.ingestion.landing import PORTAL
from orchestration.ingestion.leave_out import leave_out, superseded_by
from orchestration.ingestion.refused_files import remember_refused
from orchestration.ingestion.working_days import show_deliveries
from orchestration.provenance import gate_folder, keep_gate, keep_passed
from orchestration.settings import Settings
from orchestration.sources import SOURCES, Source

if TYPE_CHECKING:
    import great_expectations as gx

FILES_SHOWN = 10


def raw_gates() -> list[dg.AssetChecksDefinition]:
    """One blocking check for each source, on its pending batch; passes when nothing is pending."""
    return [_raw_gate(source) for source in SOURCES]


def _raw_gate(source: Source) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=batch_key(source),
        name=RAW_GATE,
        blocking=True,
        description="Great Expectations: may this batch enter the lake, and if not all of it, which deliveries?",
    )
    def gate(context: dg.AssetCheckExecutionContext, installation: Installation) -> dg.AssetCheckResult:
        settings = installation.settings
        pending = list(pending_batches(settings.lake, source.name))
        if not pending:
            return dg.AssetCheckResult(passed=True, metadata={"verdict": "nothing new to judge"})
        folder = gate_folder(settings, context.run.run_id)
        first = results = _validate(settings, source, pending, folder)
        refused: set[str] = set()
        judged: dict[str, str] = {}
        while pending and not all(result.success for result in results):
            named = _named(settings, source.name, pending, results)
            if not named.refused:
                _keep(settings, context.run.run_id, results)
                return as_check(results)
            judged |= named.refused
            left_out = named.refused.keys() | named.with_them
            refused |= left_out
            pending = [
                rest for batch in pending if (rest := leave_out(settings.lake, source.name, batch, left_out))
            ]
            results = _validate(settings, source, pending, folder / "rest") if pending else results
        if judged:
            remember_refused(settings.build, settings.landing, source.name, judged)
        if pending:
            _keep(settings, context.run.run_id, results)
            keep_passed(settings, context.run.run_id, source.name, pending)
        return _told(first, sorted(refused)) if refused else as_check(first)

    return gate


def records_suite(contract: Contract) -> "gx.ExpectationSuite":
    """The suite of what a contract promises."""
    return load(
        "raw__records",
        source=contract.name,
        columns=contract.row_columns,
        required=[column.name for column in contract.values if column.required],
        codes={
            column.name: [int(code) if column.type == "choice" else code for code in column.codes]
            for column in contract.values
            if column.codes
        },
        free_texts=contract.texts,
        runs_backwards=contract.runs_backwards,
    )


def _keep(settings: Settings, run_id: str, results: Sequence[GateResult]) -> None:
    for result in results:
        keep_gate(settings, run_id, result)


def _told(results: Sequence[GateResult], refused: Sequence[str]) -> dg.AssetCheckResult:
    """A warning, so that the run goes on with what the others delivered; `alerts` makes an alert of it."""
    check = as_check(results, senders_of(refused))
    more = f" and {len(refused) - FILES_SHOWN} more" if len(refused) > FILES_SHOWN else ""
    shown = "".join(f"\n- {file}" for file in refused[:FILES_SHOWN])
    return check._replace(
        severity=dg.AssetCheckSeverity.WARN,
        description=as_description(
            f"Not admitted, and read again by the next run of its day; all else was:{shown}{more}\n{check.description}"
        ),
        metadata={
            **check.metadata,
            REFUSED: dg.MetadataValue.int(len(refused)),
            "refused": dg.MetadataValue.json(list(refused)),
        },
    )


def _validate(
    settings: Settings, source: Source, pending: Sequence[str], failing_rows: Path
) -> list[GateResult]:
    suites = {
        "files": load("raw__files", source=source.name, most_refused=source.most_refused),
        source.name: records_suite(source.contract) if source.contract else load(f"raw__{source.name}"),
    }
    with passing_database(settings.build / f"raw_gate_{source.name}.duckdb") as database:
        _show_batch(settings, database, source.name, pending)
        return [
            run_gate(database, "main", table, suite, failing_rows_dir=failing_rows)
            for table, suite in suites.items()
        ]


class _Named(NamedTuple):
    """Files to leave out: those that are `refused`, by path their content hash; and those that would be superseded by one
    of them, which have not been judged by themselves.
    """

    refused: Mapping[str, str]
    with_them: Collection[str] = ()


def _named(
    settings: Settings, source: str, pending: Collection[str], results: Sequence[GateResult]
) -> _Named:
    """The files that the failing rows name, with what came with them; none where a check names none.

    Records of one sender stand together, because a row that came twice was taken from one of its files only; and what
    is left of a broken export would be a biased choice. Captures of the portal stand alone, whoever took them.
    """
    files = pending_folder(settings.lake, source)
    manifests = [files / f"batch={batch}" / "files.parquet" for batch in pending]
    found: dict[str, str] = {}
    with duckdb.connect() as connection:
        paths = {"paths": [str(path) for path in manifests]}
        connection.execute("create table file as select * from read_parquet($paths)", paths)
        together = "file_hash" if source == PORTAL else "sender"
        for check in (check for result in results for check in result.failed()):
            if check.rows_file is None:
                return _Named({})
            rows = connection.read_parquet(check.rows_file)
            keys = [key for key in ("source_file", "sender") if key in rows.columns]
            if not keys:
                return _Named({})
            key = keys[0]
            query = (
                f"select source_file, file_hash from file where {together} in"
                f" (select {together} from file where {key} in (select {key} from rows))"
            )
            found |= dict(connection.sql(query).fetchall())
        return _Named(found, superseded_by(connection, manifests, found) - found.keys())


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
        columns = "source_file, sender, delivery_date, rows_read, status"
        connection.execute(
            f"create table history as select {columns} from "
            + ("read_parquet($files)" if manifests else "files limit 0"),
            {"files": manifests} if manifests else {},
        )
        show_deliveries(connection, settings.reference)
