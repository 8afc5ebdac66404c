"""The page as a file: every table and column that is served, in which words, and when it is not drawn.

Belongs here: what can be told without a browser. What a browser shows of it: `test_in_a_browser.py`.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from orchestration.publishing.dictionary.contents import COLUMNS, JOINS, Rule, contents, grain_and_rest
from orchestration.publishing.dictionary.page import TEMPLATES, TEXTS, DictionaryError, draw, formula
from orchestration.publishing.marts import PublishError, relations
from orchestration.publishing.pages.texts import read_texts
from orchestration.settings import REPOSITORY
from tests.unit.dictionary.reading import Page, columns_said, joins_that_multiply

DBT_MANIFEST = REPOSITORY / "dbt_project" / "target" / "manifest.json"


@pytest.fixture(scope="module")
def html(page_file: Path) -> str:
    return page_file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def models() -> dict[str, dict[str, Any]]:
    """The models that are served, as dbt's manifest has them."""
    nodes = json.loads(DBT_MANIFEST.read_text(encoding="utf-8"))["nodes"].values()
    return {node["name"]: node for node in nodes if node.get("access") == "public"}


def test_every_table_and_column_that_is_served_is_on_the_page(html: str, release: Path) -> None:
    with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as connection:
        assert columns_said(html) == [
            (table.name, column.name, column.type.lower())
            for table in sorted(relations(connection, "marts"), key=lambda table: table.name)
            for column in table.columns
        ]
        comments = connection.execute(
            "select table_name, column_name, coalesce(comment, '') from duckdb_columns() where schema_name = 'marts'"
        ).fetchall()
    tables = Page(html).tables
    for table, column, comment in comments:
        assert comment.replace("`", "") in tables[table][column].cells[3], (table, column)
    assert {name for table, rows in tables.items() if table.startswith("kind-") for name in rows} == {
        table for table, *_ in comments
    }


def test_what_is_said_in_english_alone_is_marked_as_english(html: str) -> None:
    rows = Page(html).tables["mart_indicator_scores"]
    assert rows["odd <i>name"].languages == [("en", False)]
    assert (
        rows["odd <i>name"].cells[3].strip() == "Said <u>in English</u> alone."
    )  # text of others stays text
    assert rows["score"].languages == [("vi", True), ("en", True)]


def test_grain_comes_first_and_is_no_part_of_the_rest() -> None:
    said = "Grain: one row per day. Of `a/b.csv`, 0.5 of it. Source: `x`."
    assert grain_and_rest(said) == ("one row per day", "Of `a/b.csv`, 0.5 of it. Source: `x`.")
    assert grain_and_rest("Mỗi dòng: một ngày.") == ("một ngày", "")
    assert grain_and_rest("No grain is said here.") == ("", "No grain is said here.")


def test_a_table_is_joined_to_what_its_columns_lead_to(release: Path) -> None:
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    with duckdb.connect(str(release / "warehouse.duckdb"), read_only=True) as connection:
        found = {table.name: table for table in contents(connection, manifest).tables}
        joins = {join.table: join.condition for join in found["mart_indicator_scores"].joins}
        assert list(joins) == [
            "dim_period",
            "dim_unit",
            "dim_indicator",
            "dim_group",
            "mart_index",
            "release",
        ]
        assert joins["mart_index"] == "using (period_id, unit_code, group_code)"
        # Without a `period_id` of its own, a view is joined by the six columns of the key.
        of_view = {join.table: join.condition for join in found["ind_dossier_sync"].joins}
        assert of_view["mart_indicator_scores"].startswith("using (basis, regime, period_type, period_start,")
        # What is written there is SQL, and finds one row at most: the unit has two validities.
        assert joins_that_multiply(connection, found.values()) == []


def test_metrics_have_the_formulas_of_their_rules(html: str) -> None:
    metrics = Page(html).tables["metrics"]
    assert list(metrics) == ["DOSSIER_SYNC", "AVG_PROCESSING_DAYS"]
    name, group, ratio, points = (" ".join(cell.split()) for cell in metrics["DOSSIER_SYNC"].cells)
    assert name == "Tỷ lệ hồ sơ đồng bộDossiers synchronisedDOSSIER_SYNC"
    assert group == "Công khai, minh bạchTransparency"
    assert ratio.startswith("Hồ sơ đồng bộ / hồ sơ báo cáo.Dossiers synchronised / dossiers reported.")
    # The newest rule first. Full mark from 0.8 on; of nothing 1.5 points, and under the former rule none.
    assert "portal_2026: 6 × min(1; tỷ lệ / 0,8); mẫu số 0: 1,5 điểm" in points
    assert "6 × min(1, ratio / 0.8); denominator 0: 1.5 points; verified on published counts" in points
    assert points.index("portal_2026") < points.index("portal_2025")
    assert "6 × ratio; denominator 0: no points; assumed" in points
    assert "reported only, no points" in metrics["AVG_PROCESSING_DAYS"].cells[3]


def test_a_formula_gives_the_points_of_the_scoring_rule() -> None:
    # `max_score * least(1, ratio / full_mark_ratio)`: the macro `score`.
    assert formula(Rule("r", 2, 0.8, 0, "verified"), "en") == "2 × min(1, ratio / 0.8)"
    assert formula(Rule("r", 20, 1, 0, "verified"), "vi") == "20 × tỷ lệ"
    assert formula(Rule("r", 0, None, None, None), "en") == ""


def test_a_release_without_metrics_says_so(release: Path, tmp_path: Path) -> None:
    copy = tmp_path / "20260101T000000Z-none"
    shutil.copytree(release, copy)
    (copy / "warehouse.duckdb").unlink()
    with duckdb.connect(copy / "warehouse.duckdb") as connection:
        connection.execute("create schema marts; create table marts.mart_index as select 1 as score")
    assert "This release has no list of metrics." in draw(copy)


def test_a_database_that_cannot_be_read_stops_the_release(release: Path, tmp_path: Path) -> None:
    broken = tmp_path / ".20260101T000000Z-broken"
    broken.mkdir()
    shutil.copy(release / "manifest.json", broken)
    with pytest.raises(
        DictionaryError, match=r"dictionary of 20260101T000000Z-broken: found .*warehouse"
    ) as caught:
        draw(broken)
    assert isinstance(caught.value, PublishError)


def test_the_same_release_gives_the_same_page(release: Path, html: str) -> None:
    assert draw(release) == html


def test_nothing_on_the_page_is_loaded_from_elsewhere(html: str) -> None:
    assert re.findall(r'(?:src|href)="(?!#|data:,)[^"]*"', html) == []
    assert re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|WebSocket", html) == []
    assert "default-src 'none'" in html


def test_every_word_that_is_asked_for_is_there_and_none_is_left_over() -> None:
    words = read_texts(TEXTS)
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.iterdir()))
    asked = {
        *re.findall(r'\b(?:say|both)\("(\w+)"[,)]', sources),
        *re.findall(r'data-label="(\w+)"', sources),
        *re.findall(r"\btexts(?:\.vi|\[language\])\.(\w+)", sources),
    }
    assert sorted(asked - set(words["vi"])) == []
    # The others are put together from a beginning and a code, or named in a list.
    begun = set(re.findall(r'"(\w+_)" ~ ', sources))
    left = [
        key
        for key in words["vi"]
        if key not in asked and not key.startswith(tuple(begun)) and f'"{key}"' not in sources
    ]
    assert left == []


def test_every_mart_is_described_in_vietnamese_and_opens_with_its_grain(
    models: dict[str, dict[str, Any]],
) -> None:
    silent = {
        name
        for name, model in models.items()
        if not str(model["config"]["meta"].get("description_vi", "")).startswith("Mỗi dòng: ")
    }
    assert silent == set()


def test_what_the_vietnamese_description_names_is_named_in_the_english_one_too(
    models: dict[str, dict[str, Any]],
) -> None:
    """A column or table that was renamed in one of them only would be found here."""
    columns = {column for model in models.values() for column in model["columns"]}
    for name, model in models.items():
        named = set(re.findall(r"`(\w+)`", model["config"]["meta"]["description_vi"]))
        assert named <= columns | set(models) | {"portal"}, name


def test_columns_with_words_are_served_and_those_that_recur_have_some(
    models: dict[str, dict[str, Any]],
) -> None:
    words = yaml.safe_load(COLUMNS.read_text(encoding="utf-8"))
    assert all(isinstance(word, str) and word for word in words.values())
    tables: dict[str, int] = {}
    for name, model in models.items():
        for column in model["columns"]:
            # The tables of one metric have the same columns: they are one.
            tables[column] = tables.get(column, 0) + (not name.startswith("ind_"))
    assert set(words) - set(tables) == {"release_id"}
    assert {column for column, count in tables.items() if count >= 4} - set(words) == set()


def test_what_is_said_of_joins_is_of_what_is_served(models: dict[str, dict[str, Any]]) -> None:
    joins = yaml.safe_load(JOINS.read_text(encoding="utf-8"))
    columns = {column for model in models.values() for column in model["columns"]} | {"release_id"}
    assert {column for way in joins["columns"] for column in way["columns"]} <= columns
    assert {way["table"] for way in joins["columns"]} <= {*models, "release"}
    assert {name for tables in joins["apart"] for name in tables} <= set(models)
