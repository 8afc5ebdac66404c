"""What the dictionary says: the tables of a release with grain, key, columns and joins, and its metrics with formulas.

Belongs here: reading it from the served database and the manifest. Does not belong here: how it is shown (`page`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.marts import RELEASE, SCHEMA, Relation, relations, rows

JOINS = Path(__file__).parent / "joins.yml"
COLUMNS = Path(__file__).parent / "columns.yml"
#: Kinds of tables by the beginning of their names, in the order of the page; what begins otherwise is of the last.
KINDS = ("bi", "mart", "dim", "ind", "other")
#: The six columns that a `period_id` stands for, where both tables have one.
_PERIOD_KEY = ("basis", "regime", "period_type", "period_start", "period_end", "as_of")
_GRAINS = re.compile(r"(?:Grain|Mỗi dòng): (?P<grain>.*?)\.(?:\s+(?P<rest>.*))?$", re.DOTALL)


@dataclass(frozen=True)
class Words:
    """A text in English, and in Vietnamese where somebody has written it."""

    en: str
    vi: str | None = None


@dataclass(frozen=True)
class ColumnEntry:
    """A served column. Its meaning in Vietnamese is that of columns of its name, the English that of its model."""

    name: str
    type: str
    is_nullable: bool
    is_in_key: bool
    meaning: Words


@dataclass(frozen=True)
class Join:
    """Another table, and the end of the SQL that finds its row: `using (period_id)`."""

    table: str
    condition: str


@dataclass(frozen=True)
class TableEntry:
    """A table or view. `rows` is None where nobody counts them; `key` is empty where no test says what is unique."""

    name: str
    kind: str
    is_view: bool
    rows: int | None
    grain: Words
    description: Words
    key: tuple[str, ...]
    columns: tuple[ColumnEntry, ...]
    joins: tuple[Join, ...]


@dataclass(frozen=True)
class Rule:
    """How a ratio becomes points under a regime. `max_score` is 0 where the metric is only reported."""

    regime: str
    max_score: float
    full_mark_ratio: float | None
    zero_denominator_score: float | None
    evidence: str | None


@dataclass(frozen=True)
class MetricEntry:
    """A metric: what is divided by what (`formula`), and its rules, the newest first. `table` is empty where none is."""

    code: str
    name: Words
    group_code: str
    group: Words
    counted_unit: str
    table: str
    formula: Words | None
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Contents:
    """All that the page says of a release."""

    tables: tuple[TableEntry, ...]
    metrics: tuple[MetricEntry, ...]


def contents(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any]) -> Contents:
    """Of a release: `connection` reads its database, `manifest` is its own."""
    served = relations(connection, SCHEMA)
    about = manifest["tables"]
    words = _read(COLUMNS)
    entries = [_table(one, served, about, words) for one in served]
    entries.sort(key=lambda table: (KINDS.index(table.kind), table.name))
    return Contents(tuple(entries), _metrics(connection, entries))


def grain_and_rest(description: str) -> tuple[str, str]:
    """The first sentence of a description, which says what a row is, and what follows; both may be empty."""
    found = _GRAINS.match(description.strip())
    return (found["grain"], (found["rest"] or "").strip()) if found else ("", description.strip())


def _read(path: Path) -> Any:
    import yaml

    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _table(
    one: Relation, served: Sequence[Relation], about: Mapping[str, Any], words: Mapping[str, str]
) -> TableEntry:
    of_table = about.get(one.name, {})
    key = tuple(of_table.get("key") or ())
    grain, rest = grain_and_rest(one.comment)
    vi = of_table.get("description_vi")
    grain_vi, rest_vi = grain_and_rest(vi) if vi else (None, None)
    return TableEntry(
        one.name,
        _kind(one.name),
        bool(one.statement),
        of_table.get("rows"),
        Words(grain, grain_vi),
        Words(rest, rest_vi),
        key,
        tuple(
            ColumnEntry(
                column.name,
                column.type.lower(),
                column.is_nullable,
                column.name in key,
                Words(column.comment, words.get(column.name)),
            )
            for column in one.columns
        ),
        tuple(_joins(one, served, about)),
    )


def _kind(name: str) -> str:
    beginning = name.partition("_")[0]
    return beginning if beginning in KINDS else KINDS[-1]


def _joins(one: Relation, served: Sequence[Relation], about: Mapping[str, Any]) -> Iterable[Join]:
    """What leads from a table to one row of another: a dimension, a table of figures whose key it has, the release."""
    known = _read(JOINS)
    has, names = _names(one), {other.name for other in served}
    by_columns = [
        Join(way["table"], way["with"].format(t=one.name))
        for way in known["columns"]
        if way["table"] in names - {one.name}
        and has.issuperset(way["columns"])
        and has.isdisjoint(way.get("unless", ()))
    ]
    apart = {name for tables in known["apart"] if one.name in tables for name in tables}
    yield from (join for join in by_columns if join.table != RELEASE.name)
    for other in served:
        key = tuple(about.get(other.name, {}).get("key") or ())
        is_of_figures = _kind(other.name) not in ("dim", "other") and other.name not in {one.name, *apart}
        if is_of_figures and key and has.issuperset(key):
            if "period_id" in has & _names(other) and set(key).issuperset(_PERIOD_KEY):
                key = ("period_id", *(name for name in key if name not in _PERIOD_KEY))
            yield Join(other.name, f"using ({', '.join(key)})")
    yield from (join for join in by_columns if join.table == RELEASE.name)


def _names(one: Relation) -> set[str]:
    return {column.name for column in one.columns}


def _metrics(connection: duckdb.DuckDBPyConnection, tables: Sequence[TableEntry]) -> tuple[MetricEntry, ...]:
    """By group in the portal's order, then by code; none where the release has no list of metrics."""
    by_name = {table.name: table for table in tables}
    if not {"dim_indicator", "dim_group"} <= by_name.keys():
        return ()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows(
        connection,
        "select i.*, g.name_vi as group_vi, g.name_en as group_en from marts.dim_indicator as i"
        " inner join marts.dim_group as g using (regime, group_code)"
        " order by g.position, i.metric_code, i.valid_from desc, i.regime desc",
    ):
        found.setdefault(row["metric_code"], []).append(row)
    return tuple(_metric(code, rules, by_name) for code, rules in found.items())


def _metric(code: str, rules: Sequence[Mapping[str, Any]], tables: Mapping[str, TableEntry]) -> MetricEntry:
    newest = rules[0]
    table = tables.get(f"ind_{code.lower()}")
    return MetricEntry(
        code,
        Words(newest["name_en"] or code, newest["name_vi"]),
        newest["group_code"],
        Words(newest["group_en"], newest["group_vi"]),
        newest["counted_unit"],
        table.name if table else "",
        table.description if table else None,
        tuple(
            Rule(
                rule["regime"],
                rule["max_score"],
                rule["full_mark_ratio"],
                rule["zero_denominator_score"],
                rule["evidence"],
            )
            for rule in rules
        ),
    )
