"""Every dbt model, seed and test, as assets and checks.

Belongs here: how dagster-dbt reads the manifest, and the one call of dbt in a run.
Does not belong here: anything about what a model means; that is in the dbt project.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from orchestration.build_database import remove_if_damaged
from orchestration.dbt_failing_rows import failing_rows
from orchestration.defs.gate_results import AGENCIES, agencies_of
from orchestration.defs.resources import Installation
from orchestration.fingerprints import inputs_fingerprint, is_lake_empty, served_inputs
from orchestration.harmless_text import as_description
from orchestration.ingestion.damaged_batches import check_values
from orchestration.provenance import keep_whole_build
from orchestration.settings import Settings
from orchestration.sources import SOURCES

# Unit tests prove the code, not the night's data: `make test` runs them.
REBUILT = "rebuilt"
#: The schema of what is published, and the file that it is read from.
MARTS, SERVED_FILE = "marts", "serving/warehouse.duckdb"
BUILD = ["build", "--exclude-resource-type", "unit_test"]


class BuildConfig(dg.Config):
    """`rebuild`: a full refresh: every table from the whole lake, even where nothing is new."""

    rebuild: bool = False


class Translator(DagsterDbtTranslator):
    """Names as in dbt; what a model is made with shows as its kind; the file that a model is, as its code."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_code_references=True))

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Marts and layers by their schema: `marts/mart_index`, `staging/stg_portal__unit_results`."""
        if dbt_resource_props["resource_type"] == "source":
            return super().get_asset_key(dbt_resource_props)
        return dg.AssetKey([dbt_resource_props["config"]["schema"], dbt_resource_props["name"]])

    def get_metadata(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, Any]:
        """Columns with types and descriptions; and where the table lies: of a mart, where it is read."""
        schema, name = dbt_resource_props["config"].get("schema"), dbt_resource_props["name"]
        file = SERVED_FILE if schema == MARTS else "build/build.duckdb"
        return {**super().get_metadata(dbt_resource_props), "dagster/table_name": f"{file}: {schema}.{name}"}


def dbt_models(project: Path, manifest: Path) -> dg.AssetsDefinition:
    """All models of the project. Raises FileNotFoundError where dbt has not parsed it yet (`make manifest`)."""
    if not manifest.is_file():
        raise FileNotFoundError(f"{manifest}: the dbt project has not been parsed; run `make manifest`")

    @dbt_assets(
        manifest=manifest,
        project=DbtProject(project),
        dagster_dbt_translator=Translator(),
    )
    def models(
        context: dg.AssetExecutionContext,
        installation: Installation,
        dbt: DbtCliResource,
        config: BuildConfig,
    ) -> Iterator[Any]:
        settings = installation.settings
        if is_lake_empty(settings):
            context.log.info("nothing has been delivered yet; there is nothing to build")
            return
        inputs = inputs_fingerprint(settings)
        if inputs == served_inputs(settings) and not config.rebuild:
            # Nothing is yielded, so that Dagster passes over the gates and the release as well.
            context.log.info(
                f"nothing new since the release that is served (inputs {inputs}); dbt is not called"
            )
            return
        yield from _rebuilt(context, remove_if_damaged(settings.build_database))
        # One fixed target folder: dbt then parses only what changed, and no folder is left behind a run.
        command = [*BUILD, "--full-refresh"] if config.rebuild else BUILD
        failed_checks = []
        try:
            for event in dbt.cli(command, context=context, target_path=settings.build / "dbt").stream():
                if isinstance(event, dg.AssetCheckResult) and not event.passed:
                    failed_checks.append(event)  # of no build, if it was made from what is damaged
                else:
                    yield event
        except DagsterDbtCliRuntimeError:
            for source in SOURCES:
                check_values(settings.lake, source.name)
            found = remove_if_damaged(settings.build_database, is_read_whole=True)
            if found is not None:  # only reading showed it: all once more, from the lake
                yield from _rebuilt(context, found)
                raise dg.RetryRequested(max_retries=1) from None
            yield from (with_failing_rows(settings, check) for check in failed_checks)
            raise
        yield from (with_failing_rows(settings, check) for check in failed_checks)
        if (
            context.selected_asset_keys == models.keys
            and context.selected_asset_check_keys == models.check_keys
        ):
            keep_whole_build(settings, context.run.run_id, inputs)

    return models


def with_failing_rows(settings: Settings, check: dg.AssetCheckResult) -> dg.AssetCheckResult:
    """A failed test with what gates tell of theirs: the first rows, how many there are, and whose."""
    rows = failing_rows(settings, str(check.metadata["unique_id"].value))
    return check._replace(
        description=as_description(str(rows)),
        metadata={
            **check.metadata,
            "failing_rows": dg.MetadataValue.int(rows.total or 0),
            AGENCIES: dg.MetadataValue.json(agencies_of(rows.first)),
        },
    )


def _rebuilt(context: dg.AssetExecutionContext, found: str | None) -> Iterator[dg.AssetObservation]:
    """What was removed to be built again, in the log and where the command line looks for what it prints."""
    if found is not None:
        context.log.warning(found)
        yield dg.AssetObservation(min(context.selected_asset_keys), metadata={REBUILT: found})


def mart_key(name: str) -> dg.AssetKey:
    """The asset of a table that is published."""
    return dg.AssetKey([MARTS, name])


def mart_keys(models: dg.AssetsDefinition) -> list[dg.AssetKey]:
    """The assets that are published."""
    return sorted(key for key in models.keys if key.path[0] == MARTS)
