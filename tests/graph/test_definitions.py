"""The asset graph as a person sees it: whole, owned, described, and guarded by blocking gates."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from expectations.builder import names
from orchestration.defs.closing import CLOSED
from orchestration.defs.extraction import PULLED
from orchestration.defs.graph import build_defs
from orchestration.defs.ingestion import batch_key, lake_key
from orchestration.defs.portal_capture import CAPTURED
from orchestration.defs.release import RELEASE
from orchestration.settings import Settings
from orchestration.sources import SOURCES, source_named


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build_defs(Settings(data=tmp_path_factory.mktemp("data")))


@pytest.fixture(scope="module")
def specs(defs: dg.Definitions) -> dict[dg.AssetKey, dg.AssetSpec]:
    return {spec.key: spec for spec in defs.resolve_all_asset_specs()}


def test_every_asset_has_a_group_an_owner_a_description_and_a_kind(
    specs: dict[dg.AssetKey, dg.AssetSpec],
) -> None:
    bare = [
        key.to_user_string()
        for key, spec in specs.items()
        if not (
            spec.group_name
            and spec.group_name != "default"
            and spec.owners
            and spec.description
            and spec.kinds
        )
    ]
    assert bare == []


def test_data_flow_from_landing_to_release(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    def upstream(key: dg.AssetKey) -> set[dg.AssetKey]:
        return {dep.asset_key for dep in specs[key].deps}

    for source in SOURCES:
        # What agencies there are, and which were merged into which, is known before records are judged by it.
        catalogue = (
            set() if source.name == "unit_catalogue" else {dg.AssetKey(["exchange", "unit_catalogue"])}
        )
        captured = {CAPTURED} if source.name == "portal_service_results" else set()
        assert upstream(batch_key(source)) == {PULLED, *captured, *catalogue}
        assert upstream(lake_key(source)) == {batch_key(source)}
    assert upstream(dg.AssetKey(["staging", "stg_portal__unit_results"])) == {lake_key(SOURCES[0])}
    assert upstream(dg.AssetKey(["staging", "stg_exchange__dossiers"])) == {
        dg.AssetKey(["exchange", "dossiers"])
    }
    marts = {key for key in specs if key.path[0] == "marts"}
    assert len(marts) >= 36
    assert marts <= upstream(RELEASE)


def test_a_mart_shows_where_it_is_read_its_columns_and_its_code(
    specs: dict[dg.AssetKey, dg.AssetSpec],
) -> None:
    metadata = specs[dg.AssetKey(["marts", "mart_index"])].metadata
    assert metadata["dagster/table_name"] == "serving/warehouse.duckdb: marts.mart_index"
    columns = {column.name: column for column in metadata["dagster/column_schema"].columns}
    assert columns["unit_code"].type == "varchar" and columns["unit_code"].description
    (code,) = metadata["dagster/code_references"].code_references
    assert Path(code.file_path).name == "mart_index.sql"


def test_a_release_that_is_not_renewed_is_shown_as_stale(specs: dict[dg.AssetKey, dg.AssetSpec]) -> None:
    assert specs[RELEASE].freshness_policy is not None


def test_only_the_release_and_what_is_frozen_of_it_stand_at_the_end(
    specs: dict[dg.AssetKey, dg.AssetSpec],
) -> None:
    read = {dep.asset_key for spec in specs.values() for dep in spec.deps}
    ends = {key for key in specs if key not in read}
    assert ends == {CLOSED}
    assert {dep.asset_key for dep in specs[CLOSED].deps} == {RELEASE}


def test_every_gate_blocks_and_a_missing_delivery_or_unit_does_not(defs: dg.Definitions) -> None:
    specs = [
        spec
        for definition in defs.asset_checks or []
        if isinstance(definition, dg.AssetsDefinition)
        for spec in definition.check_specs
    ]
    assert {(spec.name, spec.asset_key) for spec in specs if not spec.blocking} == {
        *(("everyone_delivered", lake_key(source)) for source in SOURCES),
        ("every_unit_taken", lake_key(source_named("portal_service_results"))),
    }
    assert {(spec.name, spec.asset_key) for spec in specs if spec.blocking} == {
        *(("raw_gate", batch_key(source)) for source in SOURCES),
        *((name, dg.AssetKey(["marts", name.removeprefix("release__")])) for name in names("release")),
        ("hold__province_moves", dg.AssetKey(["marts", "mart_province_ranking"])),
        ("is_scored", dg.AssetKey(["marts", "mart_index"])),
    }
    assert {spec.asset_key for spec in specs} <= {spec.key for spec in defs.resolve_all_asset_specs()}


@pytest.mark.parametrize("check", ["every_file_read", "all_in_place"])
def test_a_file_that_is_not_read_holds_nothing_back(defs: dg.Definitions, check: str) -> None:
    specs = [
        spec
        for asset in defs.assets or []
        if isinstance(asset, dg.AssetsDefinition)
        for spec in asset.check_specs
    ]
    found = {(spec.asset_key, spec.blocking) for spec in specs if spec.name == check}
    assert found == {(batch_key(source), False) for source in SOURCES}


def test_one_job_runs_the_whole_graph_in_one_process(
    defs: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    job = defs.resolve_job_def("refresh")
    assert job.executor_def is dg.in_process_executor
    assert job.asset_layer.executable_asset_keys >= set(specs) - {CLOSED, CAPTURED}
    assert CAPTURED not in job.asset_layer.executable_asset_keys, "nothing calls out that was not asked to"


def test_a_capture_is_followed_by_all_that_a_night_does_but_the_gateways(
    defs: dg.Definitions, specs: dict[dg.AssetKey, dg.AssetSpec]
) -> None:
    """A gateway's day is fetched once, after it has ended."""
    job = defs.resolve_job_def("portal_capture")
    assert job.executor_def is dg.in_process_executor
    assert job.asset_layer.executable_asset_keys >= set(specs) - {CLOSED, PULLED}
    assert PULLED not in job.asset_layer.executable_asset_keys


def test_without_a_parsed_dbt_project_the_error_says_what_to_do(tmp_path: Settings) -> None:
    with pytest.raises(FileNotFoundError, match="make manifest"):
        build_defs(Settings(data=tmp_path / "data", repository=tmp_path))
