"""Questions to the semantic layer: metrics by dimensions, answered by `mf query` (MetricFlow) from what is served.

Belongs here: which questions have an answer, and how `mf` is called. Does not belong here: what a metric is, which
`dbt_project/models/marts/bi/_bi__semantics.yml` says, and any figure.
"""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestration.answers.answer import Answer, Column, NotDoneError, Table, number
from orchestration.answers.figures import of_basis
from orchestration.commands import command
from orchestration.publishing.marts import open_marts
from orchestration.publishing.marts import rows as rows_of
from orchestration.settings import Settings

MONTH = "metric_time__month"
#: Nobody listens there. `mf` asks the registry for a newer `mf` before each answer, and takes no for an answer.
_NO_WAY_OUT = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Metric:
    """What may be asked for. `is_of_one_month`: figures of several months are not added, but for each of them."""

    name: str
    label: str
    description: str
    is_ratio: bool
    is_of_one_month: bool
    dimensions: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """What is asked, in the words of `mf query`; without `metrics`, which there are."""

    metrics: Sequence[str] = field(default=())
    group_by: Sequence[str] = field(default=())
    where: Sequence[str] = field(default=())
    order: Sequence[str] = field(default=())
    limit: int | None = None


def known_metrics(manifest: Path) -> dict[str, Metric]:
    """The metrics of dbt's semantic manifest, by name."""
    said = json.loads(manifest.read_text(encoding="utf-8"))
    measures = {
        measure["name"]: (model, measure["non_additive_dimension"] is not None)
        for model in said["semantic_models"]
        for measure in model["measures"]
    }
    return {found["name"]: _metric(found, measures) for found in said["metrics"]}


def _metric(found: Mapping[str, Any], measures: Mapping[str, tuple[Mapping[str, Any], bool]]) -> Metric:
    rests_on = [measures[measure["name"]] for measure in found["type_params"]["input_measures"]]
    model, _ = rests_on[0]  # no metric rests on two of them
    entity = model["primary_entity"]
    of_unit = [f"{entity}__{dim['name']}" for dim in model["dimensions"] if dim["type"] != "time"]
    return Metric(
        found["name"],
        found["label"],
        found["description"],
        is_ratio=found["type"] == "ratio",
        is_of_one_month=any(is_of_one_month for _, is_of_one_month in rests_on),
        dimensions=(MONTH, *of_unit),
    )


def ask(settings: Settings, question: Question) -> Answer:
    """What is served of metrics, by dimensions. Raises NotDoneError where there is no such answer."""
    known = known_metrics(settings.dbt_manifest.with_name("semantic_manifest.json"))
    if not question.metrics:
        return _listed(list(known.values()))
    asked = [_named(known, name) for name in question.metrics]
    _refuse_months_added(asked, question.group_by)
    if not (settings.serving / "warehouse.duckdb").is_file():
        raise NotDoneError(
            f"not answered: {settings.serving}: nothing is served; expected a release; run {command('refresh')}"
        )
    with tempfile.TemporaryDirectory(prefix="metrics-") as place:
        rows = _rows(settings, question, Path(place), {metric.name for metric in asked})
    shown = [_column(name, known.get(name)) for name in (rows[0] if rows else ())]
    is_synthetic = bool(rows) and _is_synthetic(settings)
    return Answer(
        {"rows": rows, "contains_synthetic": is_synthetic},
        [
            *([of_basis("records", True), ""] if is_synthetic else []),
            Table(shown, rows) if rows else "no rows: nothing served is of that",
        ],
    )


def _is_synthetic(settings: Settings) -> bool:
    """All metrics count records of one basis, so that what one of their tables says goes for the other."""
    with open_marts(settings.serving) as connection:
        (of_all,) = rows_of(
            connection,
            "select coalesce(bool_or(contains_synthetic), false) as found from marts.bi_province_month",
        )
    return bool(of_all["found"])


def _named(known: Mapping[str, Metric], name: str) -> Metric:
    if name in known:
        return known[name]
    raise NotDoneError(
        f"not answered: found metric {name!r}, expected one of {', '.join(known)} (points and ranks are none:"
        " they are not summed)"
    )


def _refuse_months_added(asked: Sequence[Metric], group_by: Sequence[str]) -> None:
    """Beside counts that are added, MetricFlow would show those of the last month, and say so nowhere."""
    of_one_month = [metric.name for metric in asked if metric.is_of_one_month]
    has_month = any(
        name in ("metric_time", MONTH) or name.endswith(("__month_start", "__month_start__month"))
        for name in group_by
    )
    if of_one_month and not has_month:
        raise NotDoneError(
            f"not answered: {', '.join(of_one_month)}: found months that would be put together, expected each by itself,"
            f" as outcomes are those at its end; add {MONTH} to --group-by. Of a quarter or year, they stand in"
            " mart_service_headline"
        )


def _rows(settings: Settings, question: Question, place: Path, numbers: set[str]) -> list[dict[str, Any]]:
    """The answer of `mf`, which leaves what it writes in `place`."""
    found = place / "rows.csv"
    options = {
        "--metrics": ",".join(question.metrics),
        "--group-by": ",".join(question.group_by),
        # Without an order, rows come as they please.
        "--order": ",".join(question.order or question.group_by),
        "--limit": "" if question.limit is None else str(question.limit),
    }
    words = [word for option, given in options.items() if given for word in (option, given)]
    words += [word for condition in question.where for word in ("--where", condition)]
    done = subprocess.run(
        [Path(sys.executable).with_name("mf"), "query", "--quiet", "--csv", found, *words],
        cwd=settings.dbt_project,
        env=_environment(settings, place),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise NotDoneError(f"not answered: {_why(done.stdout) or done.stderr.strip()}")
    if not found.exists():  # no rows, no file
        return []
    with found.open(encoding="utf-8", newline="") as stream:
        return [
            {name: _value(name, text, name in numbers) for name, text in row.items()}
            for row in csv.DictReader(stream)
        ]


def _environment(settings: Settings, place: Path) -> dict[str, str]:
    return {
        **os.environ,
        "SERVICE_INDEX_DATA": str(settings.data),
        "DBT_TARGET": "release",
        "DBT_LOG_PATH": str(place),
        # The folder of temporary files is everybody's, and `mf` runs what it finds there as its cache.
        "TMPDIR": str(place),
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), _NO_WAY_OUT),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
    }


def _why(said: str) -> str:
    """What is wrong with the question; not where `mf` keeps its log, nor where its makers want to hear of it."""
    return said.partition("ERROR:")[2].partition("\nLog File")[0].strip()


def _value(name: str, text: str, is_number: bool) -> str | int | float | None:
    if not text:
        return None
    if is_number:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    return text.removesuffix(" 00:00:00") if name.startswith("metric_time") else text


def _column(name: str, metric: Metric | None) -> Column:
    if metric is None:
        return Column(name)
    shown = ".2%" if metric.is_ratio else ","
    return Column(name, shown=lambda found: number(found, shown), is_number=True)


def _listed(known: Sequence[Metric]) -> Answer:
    columns = [
        Column("name", "metric"),
        Column("label"),
        Column("is_of_one_month", "months", lambda one: "one by one" if one else "added"),
        Column("dimensions", "by", ", ".join),
        Column("description"),
    ]
    return Answer({"metrics": known}, [Table(columns, [vars(metric) for metric in known])])
