"""The files of the dashboard for Superset: what they say of tables and columns is what dbt says, and they fit together.

Belongs here: what needs no Superset. What it makes of them: `tests/bi/superset`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.superset_datasets import DATASETS, DBT_MANIFEST, UnknownTableError, written

DASHBOARD = DATASETS.parent
KINDS = ("databases", "datasets", "charts", "dashboards")


def files(kind: str) -> list[dict[str, Any]]:
    return [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(DASHBOARD.glob(f"{kind}/*.yaml"))
    ]


@pytest.mark.parametrize("dataset", sorted(DATASETS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_dataset_says_what_dbt_says(dataset: Path) -> None:
    """Where it does not: `make superset-datasets`."""
    assert dataset.read_text(encoding="utf-8") == written(dataset, DBT_MANIFEST)


def test_what_is_by_hand_stays_and_what_dbt_no_longer_has_goes(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    columns = {"a": {"name": "a", "data_type": "decimal(6, 2)", "description": "What\n  a is."}}
    model = {"name": "bi_x", "access": "public", "description": "Grain: one row per a.", "columns": columns}
    manifest.write_text(json.dumps({"nodes": {"model.bi_x": model}}), encoding="utf-8")
    dataset = tmp_path / "bi_x.yaml"
    by_hand = {
        "table_name": "bi_x",
        "schema": "marts",
        "uuid": "1",
        "database_uuid": "2",
        "version": "1.0.0",
        "description": "An older one.",
        "columns": [
            {"column_name": "twice", "expression": "2 * a"},
            {"column_name": "a", "verbose_name": "A", "description": "An older one."},
            {"column_name": "gone", "description": "dbt has it no more."},
        ],
        "metrics": [{"metric_name": "most", "expression": "MAX(a)"}],
    }
    dataset.write_text(yaml.safe_dump(by_hand), encoding="utf-8")
    found = yaml.safe_load(written(dataset, manifest))
    assert found["description"] == "Grain: one row per a."
    a, release_id, twice = found["columns"]
    assert (a["verbose_name"], a["type"], a["is_dttm"], a["description"]) == (
        "A", "DECIMAL(6, 2)", False, "What a is.",
    )  # fmt: skip
    assert release_id["column_name"] == "release_id"  # publishing adds it to every table
    assert twice == {"column_name": "twice", "expression": "2 * a"}
    assert found["metrics"] == by_hand["metrics"]


def test_a_table_that_is_not_served_is_named(tmp_path: Path) -> None:
    dataset = tmp_path / "int_x.yaml"
    dataset.write_text("table_name: int_records__periods\n", encoding="utf-8")
    with pytest.raises(UnknownTableError, match="int_records__periods: found no served table of that name"):
        written(dataset, DBT_MANIFEST)


def test_files_name_each_other_and_no_address_of_anybody() -> None:
    (database,) = files("databases")
    datasets = {one["uuid"]: one for one in files("datasets")}
    charts = {one["uuid"]: one for one in files("charts")}
    (dashboard,) = files("dashboards")
    assert "sqlalchemy_uri" not in database
    assert {one["database_uuid"] for one in datasets.values()} == {database["uuid"]}
    assert {one["dataset_uuid"] for one in charts.values()} == set(datasets)
    shown = [item["meta"] for name, item in dashboard["position"].items() if name.startswith("CHART-")]
    assert len(shown) == 4
    assert {one["uuid"]: one["sliceName"] for one in shown} == {
        uuid: chart["slice_name"] for uuid, chart in charts.items()
    }


def test_every_column_that_a_chart_names_is_one_of_its_dataset() -> None:
    columns = {one["uuid"]: {column["column_name"] for column in one["columns"]} for one in files("datasets")}
    metrics = {one["uuid"]: {metric["metric_name"] for metric in one["metrics"]} for one in files("datasets")}
    for chart in files("charts"):
        params, of = chart["params"], chart["dataset_uuid"]
        grouped = params.get("groupby", [])
        named = {
            *params.get("all_columns", []),
            *([grouped] if isinstance(grouped, str) else grouped),
            *([params["x_axis"]] if "x_axis" in params else []),
            *(condition["subject"] for condition in params["adhoc_filters"]),
            *(json.loads(order)[0] for order in params.get("order_by_cols", [])),
        }
        assert named
        assert named <= columns[of], chart["slice_name"]
        asked = {*params.get("metrics", []), *([params["metric"]] if "metric" in params else [])}
        assert asked <= metrics[of], chart["slice_name"]
