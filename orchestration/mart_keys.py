"""The key of each mart, its Vietnamese description and how its Parquet lies, as dbt knows them.

Belongs here: reading them from dbt's manifest, where a test without a condition says that rows are unique. Does not
belong here: what a database or a page makes of them (`publishing`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class AmbiguousKeyError(Exception):
    """A model has two keys: nobody said which of them a database should take."""


def mart_keys(dbt_manifest: Path) -> dict[str, tuple[str, ...]]:
    """By name of public model, the columns that no two of its rows share, as its test lists them.

    A test with a condition is about some rows, and makes no key. Raises AmbiguousKeyError.
    """
    nodes = json.loads(dbt_manifest.read_text(encoding="utf-8"))["nodes"]
    keys: dict[str, tuple[str, ...]] = {}
    for test in nodes.values():
        columns = _unique(test)
        model = nodes.get(test.get("attached_node") or "")
        if not columns or model is None or model.get("access") != "public":
            continue
        name = model["name"]
        if keys.setdefault(name, columns) != columns:
            raise AmbiguousKeyError(
                f"{name}: found two keys, ({', '.join(keys[name])}) and ({', '.join(columns)}); expected one test of"
                " uniqueness without a condition; give one of them a `where`, or make it a test of another kind"
            )
    return keys


def mart_descriptions_vi(dbt_manifest: Path) -> dict[str, str]:
    """By name of public model, its `meta.description_vi`; what has none is left out."""
    descriptions = _meta(dbt_manifest, "description_vi")
    return {name: " ".join(description.split()) for name, description in descriptions.items()}


def marts_in_folders(dbt_manifest: Path) -> dict[str, str]:
    """By name of public model, its `meta.parquet_by`: the column of which each value gets a Parquet file of its own."""
    return _meta(dbt_manifest, "parquet_by")


def _meta(dbt_manifest: Path, name: str) -> dict[str, str]:
    """What public models say of themselves under a name; a model that says nothing is left out."""
    nodes = json.loads(dbt_manifest.read_text(encoding="utf-8"))["nodes"].values()
    said = {
        node["name"]: node.get("config", {}).get("meta", {}).get(name)
        for node in nodes
        if node.get("access") == "public"
    }
    return {mart: value for mart, value in said.items() if value}


def _unique(node: dict[str, Any]) -> tuple[str, ...]:
    """The columns that a test says are unique in all rows; none for what is no such test."""
    test = node.get("test_metadata") or {}
    if node.get("config", {}).get("where"):
        return ()
    match test.get("name"):
        case "unique":
            return (test["kwargs"]["column_name"],)
        case "unique_combination_of_columns":
            return tuple(test["kwargs"]["combination_of_columns"])
        case _:
            return ()
