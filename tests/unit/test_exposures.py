"""What dbt says of the readers of marts is what they read.

Belongs here: exposures beside the code of pages. Does not belong here: what a page shows.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestration.publishing.dictionary import contents
from orchestration.publishing.marts import RELEASE
from orchestration.publishing.scoreboard.data import QUERIES
from orchestration.settings import REPOSITORY
from orchestration.superset_datasets import DATASETS

DBT_MANIFEST = REPOSITORY / "dbt_project" / "target" / "manifest.json"
#: Run for whatever is drawn: the periods of the release, numbered.
SHARED = "periods"
WORKBOOK = "workbook_"


@pytest.fixture(scope="module")
def dbt() -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))
    return manifest


def depends_on(dbt: dict[str, Any], exposure: str) -> set[str]:
    found = {one["name"]: one for one in dbt["exposures"].values()}
    return {dbt["nodes"][node]["name"] for node in found[exposure]["depends_on"]["nodes"]}


def read_by(queries: list[Path]) -> set[str]:
    return {
        mart for path in queries for mart in re.findall(r"\bmarts\.(\w+)", path.read_text(encoding="utf-8"))
    }


def served(dbt: dict[str, Any]) -> set[str]:
    return {node["name"] for node in dbt["nodes"].values() if node.get("access") == "public"}


def test_the_scoreboard_depends_on_the_marts_that_its_queries_read(dbt: dict[str, Any]) -> None:
    queries = [path for path in QUERIES.glob("*.sql") if not path.stem.startswith(WORKBOOK)]
    assert depends_on(dbt, "scoreboard") == read_by(queries)


def test_workbooks_depend_on_the_marts_that_their_queries_read(dbt: dict[str, Any]) -> None:
    queries = [
        path for path in QUERIES.glob("*.sql") if path.stem.startswith(WORKBOOK) or path.stem == SHARED
    ]
    assert len(queries) == 3
    assert depends_on(dbt, "scoreboard_workbooks") == read_by(queries)


def test_no_mart_is_read_past_the_queries() -> None:
    """In Python stands no query of a mart: else the tests above would miss what it reads."""
    folder = QUERIES.parent
    beside = [
        path.name for path in folder.glob("*.py") if re.search(r"\b(from|join) marts\.", path.read_text())
    ]
    assert beside == []


def test_the_dictionary_depends_on_the_marts_of_which_it_reads_rows(dbt: dict[str, Any]) -> None:
    """What it says of a table is in the manifest of the release: a new mart is in it by itself."""
    assert depends_on(dbt, "dictionary") == read_by([Path(contents.__file__)])


def test_the_dashboard_depends_on_the_marts_of_its_datasets(dbt: dict[str, Any]) -> None:
    read = {
        yaml.safe_load(path.read_text(encoding="utf-8"))["table_name"] for path in DATASETS.glob("*.yaml")
    }
    assert depends_on(dbt, "superset_dashboard") == read - {RELEASE.name}


def test_every_exposure_rests_on_what_is_served_and_names_a_role(dbt: dict[str, Any]) -> None:
    assert dbt["exposures"]
    for one in dbt["exposures"].values():
        assert depends_on(dbt, one["name"]) <= served(dbt), one["name"]
        assert one["owner"] == {"email": None, "name": "the maintainers of the Service Index Warehouse"}
