"""The same models on Apache Spark: after each of two nights, every mart is as DuckDB makes it, row by row.

Belongs here: what `make parity` compares, on less. Does not belong here: what a mart should hold (`tests/pipeline`, on
DuckDB), what counts as a difference (`test_comparison.py`).
"""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest

from bench import parity
from orchestration.settings import Settings
from tests.three_samples import land_three_samples

pytestmark = [pytest.mark.spark, pytest.mark.timeout(3600)]

#: Of 25 million dossiers: those of five months among twelve thousand, which is enough for versions of several days and
#: for every metric.
SCALE = 0.0005
SINCE = date(2025, 7, 2)
#: Marts grow with periods, whatever the number of dossiers: two months, their quarter, the year and both windows.
AS_OF = "2025-08-31"


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(tmp_path_factory.mktemp("parity"))


@pytest.fixture(scope="module")
def found(installation: Settings) -> list[list[parity.Mart]]:
    land_three_samples(installation)
    return list(parity.nights(installation, SCALE, SINCE, AS_OF))


@pytest.mark.parametrize("night", [0, 1])
def test_every_mart_is_the_same_on_both_engines(found: list[list[parity.Mart]], night: int) -> None:
    assert [mart for mart in found[night] if not mart.is_same] == []


def test_every_public_model_is_compared(installation: Settings, found: list[list[parity.Mart]]) -> None:
    nodes = json.loads((installation.build / "dbt" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    public = {node["name"] for node in nodes.values() if node.get("access") == "public"}
    for marts in found:
        assert public | {"fct_dossier"} == {mart.name for mart in marts}


def test_the_second_night_adds_to_the_tables_of_the_first(
    installation: Settings, found: list[list[parity.Mart]]
) -> None:
    """Spark's table of versions holds both batches, and none of the nights after the first began with nothing. The night
    brought dossiers that were not known, of which some have steps.
    """
    first, second = ({mart.name: mart.spark_rows or 0 for mart in marts}["fct_dossier"] for marts in found)
    assert second > first > 1_000
    versions = parity.warehouse(installation) / "core.db" / "core_dossiers__versions" / "*.parquet"
    (batches,) = duckdb.sql(f"select count(distinct batch) from read_parquet('{versions}')").fetchall()[0]
    log = (installation.data / "spark" / "logs" / "dbt.log").read_text(encoding="utf-8")
    assert (batches, log.count("incremental models are made from nothing")) == (2, 1)
