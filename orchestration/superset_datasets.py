"""The datasets of the dashboard for Apache Superset say what dbt says of their tables, in Superset's own files.

Belongs here: writing descriptions and types into `dashboards/superset/datasets`. What is Superset's own there stays as a
person wrote it: names in headings, computed columns, metrics. Does not belong here: charts, and Superset.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from orchestration.publishing.marts import RELEASE, Column
from orchestration.settings import REPOSITORY

DATASETS = REPOSITORY / "dashboards" / "superset" / "datasets"
DBT_MANIFEST = REPOSITORY / "dbt_project" / "target" / "manifest.json"
HEADING = (
    "# Descriptions and types are dbt's, written by `make superset-datasets`."
    " By hand: headings, computed columns, metrics.\n"
)
#: Superset asks these for a period of time.
_OF_TIME = ("DATE", "TIMESTAMP")


class UnknownTableError(Exception):
    """A dataset is of a table that is not served."""


def written(dataset: Path, dbt_manifest: Path) -> str:
    """The text that the file of a dataset should have. Raises UnknownTableError."""
    found = yaml.safe_load(dataset.read_text(encoding="utf-8"))
    comment, columns = _described(found["table_name"], dbt_manifest)
    by_hand = {column["column_name"]: column for column in found.get("columns", [])}
    served = {column.name for column in columns}
    content = {
        **{key: found[key] for key in ("table_name", "schema", "uuid", "database_uuid", "version")},
        "description": _line(comment),
        "columns": [
            *(_column(column, by_hand.get(column.name, {})) for column in columns),
            *(column for name, column in by_hand.items() if name not in served and "expression" in column),
        ],
        "metrics": found.get("metrics", []),
    }
    text: str = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=118)
    return HEADING + text


def write_all(datasets: Path = DATASETS, dbt_manifest: Path = DBT_MANIFEST) -> None:
    """Bring each dataset to what dbt says now."""
    for dataset in sorted(datasets.glob("*.yaml")):
        dataset.write_text(written(dataset, dbt_manifest), encoding="utf-8")


def _described(table: str, dbt_manifest: Path) -> tuple[str, tuple[Column, ...]]:
    """Description and columns of what is served under a name."""
    if table == RELEASE.name:
        return RELEASE.comment, RELEASE.columns
    for node in json.loads(dbt_manifest.read_text(encoding="utf-8"))["nodes"].values():
        if node["name"] == table and node.get("access") == "public":
            columns = node["columns"].values()
            described = tuple(
                Column(one["name"], one["data_type"], comment=one["description"]) for one in columns
            )
            return node["description"], (*described, RELEASE.columns[-1])
    raise UnknownTableError(
        f"{table}: found no served table of that name in {dbt_manifest}; expected the name of a mart, or"
        f" {RELEASE.name}; correct `table_name` in {DATASETS}"
    )


def _column(column: Column, by_hand: dict[str, Any]) -> dict[str, Any]:
    heading = {"verbose_name": by_hand["verbose_name"]} if "verbose_name" in by_hand else {}
    kind = column.type.upper()
    return {
        "column_name": column.name,
        **heading,
        "type": kind,
        "is_dttm": kind.startswith(_OF_TIME),
        "groupby": True,
        "filterable": True,
        "description": _line(column.comment),
    }


def _line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    write_all()
