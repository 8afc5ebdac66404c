"""The dictionary of a real release: all that is served is on it, and its joins are SQL that holds.

Belongs here: the page beside the served file. What the page looks like: `tests/unit/dictionary`.
"""

from __future__ import annotations

import json

import duckdb

from orchestration.publishing.dictionary.contents import contents
from orchestration.publishing.marts import relations
from orchestration.settings import Settings
from tests.unit.dictionary.reading import Page, columns_said, joins_that_multiply


def test_every_table_and_column_that_is_served_is_in_the_dictionary(installation: Settings) -> None:
    html = (installation.serving / "dictionary.html").read_text(encoding="utf-8")
    with duckdb.connect(str(installation.serving / "warehouse.duckdb"), read_only=True) as connection:
        served = [
            (table.name, column.name, column.type.lower())
            for table in sorted(relations(connection, "marts"), key=lambda table: table.name)
            for column in table.columns
        ]
    assert len(served) > 800
    assert columns_said(html) == served


def test_every_metric_has_its_formula_in_both_languages(installation: Settings) -> None:
    metrics = Page((installation.serving / "dictionary.html").read_text(encoding="utf-8")).tables["metrics"]
    assert len(metrics) == 25
    for code, row in metrics.items():
        _, _, counts, points = row.cells
        assert counts.strip(), code
        assert "portal_2026" in points, code
        # Whatever carries points is told from a ratio, in words of either language.
        assert ("tỷ lệ" in points and "ratio" in points) != ("reported only" in points), code


def test_no_join_of_the_dictionary_finds_several_rows(installation: Settings) -> None:
    served = installation.serving
    manifest = json.loads((served / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(served / "warehouse.duckdb"), read_only=True) as connection:
        # Tables of one metric show rows of `mart_indicator_scores`; pairs of periods are too many to count.
        tables = [
            table
            for table in contents(connection, manifest).tables
            if table.kind != "ind" and table.rows is not None
        ]
        assert sum(len(table.joins) for table in tables) > 80
        assert joins_that_multiply(connection, tables) == []
