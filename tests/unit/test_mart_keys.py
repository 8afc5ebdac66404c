"""The keys of marts, as dbt's tests say them, their Vietnamese descriptions, and how their Parquet lies.

Belongs here: reading them. Does not belong here: what PostgreSQL makes of them (`tests/bi`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestration.mart_keys import AmbiguousKeyError, mart_descriptions_vi, mart_keys, marts_in_folders
from orchestration.settings import REPOSITORY

DBT_MANIFEST = REPOSITORY / "dbt_project" / "target" / "manifest.json"


def unique(columns: list[str], where: str | None = None) -> dict[str, Any]:
    """A test as dbt's manifest has it."""
    kwargs: dict[str, Any] = {"combination_of_columns": columns}
    return {
        "attached_node": "model.mart",
        "test_metadata": {"name": "unique_combination_of_columns", "kwargs": kwargs},
        "config": {"where": where},
    }


def keys_of(tmp_path: Path, *tests: dict[str, Any], access: str = "public") -> dict[str, tuple[str, ...]]:
    nodes = {"model.mart": {"name": "mart", "access": access, "config": {}}}
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"nodes": {**nodes, **dict(enumerate(tests))}}), encoding="utf-8")
    return mart_keys(path)


def test_every_mart_that_is_served_as_a_table_has_a_key() -> None:
    nodes = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    served = {
        node["name"]
        for node in nodes
        if node.get("access") == "public" and node["config"]["materialized"] != "view"
    }
    assert len(served) > 10
    assert set(mart_keys(DBT_MANIFEST)) == served


def test_a_column_of_a_key_is_one_of_its_mart() -> None:
    nodes = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    columns = {node["name"]: set(node["columns"]) for node in nodes if node.get("access") == "public"}
    for mart, key in mart_keys(DBT_MANIFEST).items():
        assert set(key) <= columns[mart], mart


def test_a_test_with_a_condition_makes_no_key(tmp_path: Path) -> None:
    assert keys_of(tmp_path, unique(["a", "b"]), unique(["c"], where="d is null")) == {"mart": ("a", "b")}


def test_what_is_private_needs_no_key(tmp_path: Path) -> None:
    assert keys_of(tmp_path, unique(["a"]), unique(["b"]), access="private") == {}


def test_two_keys_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AmbiguousKeyError, match=r"mart: found two keys, \(a\) and \(b, c\); expected one"):
        keys_of(tmp_path, unique(["a"]), unique(["b", "c"]))


def test_a_vietnamese_description_is_that_of_what_is_public(tmp_path: Path) -> None:
    def model(name: str, access: str, **meta: str) -> dict[str, Any]:
        return {"name": name, "access": access, "config": {"meta": meta}}

    nodes = [
        model("mart", "public", description_vi="Mỗi dòng:\n  một kỳ.\n"),
        model("step", "private", description_vi="Riêng."),
        model("silent", "public"),
    ]
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({"nodes": dict(enumerate(nodes))}), encoding="utf-8")
    assert mart_descriptions_vi(path) == {"mart": "Mỗi dòng: một kỳ."}


def test_overdue_dossiers_lie_by_province_and_nothing_else_is_divided() -> None:
    assert marts_in_folders(DBT_MANIFEST) == {"mart_overdue_dossiers": "province_agency_code"}
