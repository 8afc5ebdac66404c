"""The key of each mart, and its Vietnamese description, as dbt knows them.

Belongs here: reading both from dbt's manifest, where a test without a condition says that rows are unique. Does not
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
    nodes = json.loads(dbt_manifest.read_text(encoding="utf-8"))["nodes"].values()
    told = {
        node["name"]: node.get("config", {}).get("meta", {}).get("description_vi")
        for node in nodes
        if node.get("access") == "public"
    }
    return {name: " ".join(description.split()) for name, description in told.items() if description}


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
