"""The sources that a metric is said to rest on, held against what its model is made from."""

from __future__ import annotations

import csv
import json
import re
from functools import cache
from typing import Any

import pytest

from orchestration.settings import REPOSITORY

REFERENCE = REPOSITORY / "seeds" / "reference"
#: Whose rows each model counts: without them its counts are nobody's.
COUNTS_OF = {
    "int_records__dossier_counts": "dossiers",
    "int_records__petition_counts": "petitions",
    "int_records__procedure_counts": "procedures",
    "int_records__publication_counts": "publication_decisions",
    "int_records__reported_counts": "national_report_totals",
    "int_records__certified_copies": "unit_catalogue",
}
#: Made of two models within `int_records__measures`.
MADE_OF = {"dossiers_to_synchronise": {"int_records__dossier_counts", "int_records__reported_counts"}}


def rows(name: str) -> list[dict[str, str]]:
    with (REFERENCE / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def sources_of(metric: str) -> set[str]:
    return set(SOURCES_OF[metric])


SOURCES_OF = {row["metric_code"]: row["sources"].split(" ") for row in rows("indicators")}
METRICS = list(SOURCES_OF)


@cache
def manifest() -> dict[str, Any]:
    path = REPOSITORY / "dbt_project" / "target" / "manifest.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def node(name: str) -> dict[str, Any]:
    found: dict[str, Any] = manifest()["nodes"][f"model.service_index.{name}"]
    return found


def upstream_sources(name: str) -> set[str]:
    """The sources of records that a model is made from, however far up."""
    waiting, seen = [f"model.service_index.{name}"], set()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += manifest()["parent_map"].get(one, [])
    return {one.split(".")[-1] for one in seen if one.startswith("source.service_index.exchange.")}


def models_counting(metric: str) -> set[str]:
    """The models whose columns the indicator names."""
    arguments = re.sub(r"'[A-Z_]+'", "", node(f"ind_{metric.lower()}")["raw_code"].split("{{", 1)[1])
    words = set(re.findall(r"[a-z_]+", arguments))
    found = {model for word in words for model in MADE_OF.get(word, set())}
    found |= {
        model for model in COUNTS_OF if words & (set(node(model)["columns"]) - {"unit_code", "period_id"})
    }
    return found


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_says_what_it_rests_on(metric: str) -> None:
    said = SOURCES_OF[metric]
    assert said and set(said) <= {row["source"] for row in rows("delivered_sources")}
    assert len(said) == len(set(said))


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_rests_on_the_source_whose_rows_it_counts(metric: str) -> None:
    models = models_counting(metric)
    assert models, f"{metric} counts nothing that this test knows"
    missing = {COUNTS_OF[model] for model in models} - sources_of(metric)
    assert not missing, f"indicators.csv: {metric} also counts rows of {missing} ({models})"


@pytest.mark.parametrize("metric", METRICS)
def test_a_metric_rests_on_nothing_that_its_models_do_not_read(metric: str) -> None:
    read = {source for model in models_counting(metric) for source in upstream_sources(model)}
    # What a department offers is what it received: only there procedures are counted by dossiers.
    assert sources_of(metric) <= read
