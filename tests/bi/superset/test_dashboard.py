"""The dashboard of the repository in a real Superset, over the served file and over PostgreSQL.

Belongs here: what somebody who imports it sees, and what SQL Lab lets nobody do. What the files of the datasets say:
`tests/unit/test_superset_datasets.py`. Needs `.venv-superset`, Debian's `postgresql` and `chromium`: `make test-bi`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.superset_datasets import DATASETS
from tests.bi.superset.conftest import Served
from tests.bi.superset.instance import ADMIN

pytestmark = pytest.mark.bi

Rows = list[dict[str, Any]]

SYNTHETIC, REAL = "TỔNG HỢP / SYNTHETIC", "thật / real"
#: Of a release, which holds both bases: one of them may be real.
SOME_SYNTHETIC = "có TỔNG HỢP / some SYNTHETIC"
#: What each chart should show, asked of the marts themselves; of the ranking's and the groups' tables not even the same.
EXPECTED = {
    "The release": f"""
        select if(contains_synthetic, '{SOME_SYNTHETIC}', '{REAL}') as figures, as_of, created_at, gates_passed,
            checks_passed, release_id
        from marts.release
    """,
    "Ranking of provinces": f"""
        select rank, unit_vi, total_score, rank_change, as_of, if(contains_synthetic, '{SYNTHETIC}', '{REAL}') as figures
        from marts.mart_province_ranking
        inner join (select distinct unit_code, as_of, unit_vi from marts.bi_ranking) using (unit_code, as_of)
        where basis = 'portal' and period_type = 'year_to_date' and as_of = date '2026-10-10'
        order by rank, unit_vi
    """,
    "Points by group": """
        select name_vi as group_shown, unit_vi,
            sum(if(s.max_score > 0, s.shown_score, 0)) / sum(s.max_score) as points_share
        from marts.mart_indicator_scores as s
        inner join marts.dim_group using (regime, group_code)
        inner join (select distinct unit_code, as_of, unit_vi from marts.bi_ranking) using (unit_code, as_of)
        where basis = 'portal' and period_type = 'year_to_date' and as_of = date '2026-10-10' and unit_level = 'province'
        group by all
        order by group_shown, unit_vi
    """,
    # Of ten dossiers a month three, two and one are late, in each of three provinces (`conftest.LATE`).
    "Timely by month": f"""
        from (values (date '2025-07-01', 0.7), (date '2025-08-01', 0.8), (date '2025-09-01', 0.9))
            as months(month_start, "{SYNTHETIC}")
    """,
}


def asked_of_marts(imported: Served, query: str) -> Rows:
    """By the file itself, opened as a reader."""
    with duckdb.connect(str(imported.settings.serving / "warehouse.duckdb"), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        found = connection.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def plain(value: Any) -> Any:
    """A day or moment as Superset sends it, in milliseconds; a number as a number that a share is compared with."""
    if isinstance(value, datetime):
        return pytest.approx(value.timestamp() * 1000)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000
    return value if isinstance(value, str | bool | None) else pytest.approx(float(value), abs=1e-9)


#: A chart that shows something, and how long a busy machine may take until all do, or for any other page of Superset's.
DRAWN, DRAWN_SECONDS = "[data-test-viz-type]:is(:has(tbody tr), :has(canvas))", 90


@contextmanager
def opened(browser: Any, imported: Served) -> Iterator[Any]:
    """The dashboard, once all that it asks for is there; `answers` are those of its charts, by the end of their names.

    `complaints` are errors of the page. Superset's own page reports its use to another host: nothing is let out.
    """
    page = browser.new_context(viewport={"width": 1400, "height": 1750}).new_page()
    ours = re.compile(f"^({re.escape(imported.page.url)}/|data:|blob:)")
    page.route(re.compile("^(?!(data|blob):)"), lambda route: (
        route.continue_() if ours.match(route.request.url) else route.fulfill(status=204)
    ))  # fmt: skip
    page.complaints, asked = [], []
    page.on("console", lambda said: said.type == "error" and page.complaints.append(said.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("response", lambda answer: "/api/v1/chart/data" in answer.url and asked.append(answer))
    page.set_default_timeout(DRAWN_SECONDS * 1000)
    # As its form sends it. In the form itself, what is typed while the page still starts is lost now and then.
    words = {"username": ADMIN, "password": imported.page.password}
    entered = page.context.request.post(f"{imported.page.url}/login/", form=words)
    assert entered.url == f"{imported.page.url}/superset/welcome/", entered.text()
    page.goto(f"{imported.page.url}/superset/dashboard/service-index/", wait_until="networkidle")
    names = {chart["id"]: chart["slice_name"] for chart in imported.page.every("chart")}
    # The network is idle for a moment before the charts ask, too.
    page.locator(DRAWN).nth(len(names) - 1).wait_for()
    page.answers = {
        names[answer.request.post_data_json["form_data"]["slice_id"]].partition(" · ")[2]: answer for answer in asked
    }  # fmt: skip
    yield page
    page.context.close()


def test_four_charts_show_the_marts_own_figures_without_an_error(imported: Served, browser: Any) -> None:
    with opened(browser, imported) as page:
        assert page.answers.keys() == EXPECTED.keys()
        for name, query in EXPECTED.items():
            (result,) = page.answers[name].json()["result"]
            expected = [
                {key: plain(value) for key, value in row.items()} for row in asked_of_marts(imported, query)
            ]
            found = [{key: row[key] for key in expected[0]} for row in result["data"]]
            if name == "Points by group":
                found.sort(key=lambda row: (row["group_shown"], row["unit_vi"]))
                expected.sort(key=lambda row: (row["group_shown"], row["unit_vi"]))
            assert found == expected, name
        # Drawn, too: two tables with all their rows, two charts on a canvas, and no chart with a message in its place.
        shown = page.locator("[data-test-viz-type]").evaluate_all(
            "charts => charts.map(one => [one.dataset.testVizType, one.querySelectorAll('tbody tr').length,"
            " one.querySelectorAll('canvas').length, one.querySelectorAll('[role=alert]').length])"
        )
        assert sorted(shown) == [
            ["echarts_timeseries_line", 0, 1, 0], ["heatmap_v2", 0, 1, 0], ["table", 1, 0, 0], ["table", 34, 0, 0],
        ]  # fmt: skip
        assert page.complaints == []


def test_what_may_be_synthetic_says_so(imported: Served, browser: Any) -> None:
    """Records are synthetic here, so that some of the release is; what the portal published is not."""
    with opened(browser, imported) as page:
        text = page.locator("[data-test-viz-type=table]").all_inner_texts()
    assert [[mark in one for mark in (SOME_SYNTHETIC, SYNTHETIC, REAL)] for one in text] == [
        [True, False, False],
        [False, False, True],
    ]


def test_datasets_come_with_the_comments_of_their_tables(imported: Served) -> None:
    """Those of the served file, whitespace aside."""
    comments = {
        (row["table_name"], row["column_name"]): " ".join(row["comment"].split())
        for row in asked_of_marts(
            imported,
            "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'"
            " union all select table_name, '', comment from duckdb_tables() where schema_name = 'marts'"
            " union all select view_name, '', comment from duckdb_views() where schema_name = 'marts'",
        )
    }
    datasets = imported.page.every("dataset")
    assert sorted(one["table_name"] for one in datasets) == sorted(
        path.stem for path in DATASETS.glob("*.yaml")
    )
    for dataset in datasets:
        table = dataset["table_name"]
        told = {
            (table, one["column_name"]): one["description"]
            for one in dataset["columns"]
            if not one["expression"]
        }
        assert {(table, ""): dataset["description"], **told} == {
            key: comment for key, comment in comments.items() if key[0] == table
        }


def test_a_second_import_adds_nothing(imported: Served) -> None:
    """The fixture imports twice."""
    counts = {kind: len(imported.page.every(kind)) for kind in ("database", "dataset", "chart", "dashboard")}
    assert counts == {"database": 1, "dataset": 4, "chart": 4, "dashboard": 1}


@pytest.fixture
def lenient(imported: Served) -> Iterator[Served]:
    """Superset itself lets people write: what is refused is refused by the address."""
    (database,) = imported.page.asked("GET", "database/")["result"]
    imported.page.asked("PUT", f"database/{database['id']}", {"allow_dml": True})
    yield imported
    imported.page.asked("PUT", f"database/{database['id']}", {"allow_dml": False})


@pytest.mark.parametrize("imported", ["duckdb"], indirect=True, scope="module")
class TestSqlLab:
    """On the served file, whose server's folders lie within reach of DuckDB."""

    def test_reads_the_marts(self, lenient: Served) -> None:
        answer = lenient.page.sql_lab("select count(*) as provinces from marts.bi_ranking where rank = 1")
        assert answer.json()["data"][0]["provinces"] > 0

    @pytest.mark.parametrize(
        "statement",
        [
            "create table marts.mine as select 1 as one",
            "update marts.release set gates_passed = 99",
            "drop view marts.bi_ranking",
        ],
    )
    def test_writes_nothing(self, lenient: Served, statement: str) -> None:
        served = lenient.settings.serving / "warehouse.duckdb"
        before = served.read_bytes()
        answer = lenient.page.sql_lab(statement)
        assert not answer.ok
        assert "read-only" in answer.text
        assert served.read_bytes() == before

    @pytest.mark.parametrize(
        "statement",
        [
            "select * from read_text('{secret}')",
            "select * from '{secret}'",
            "select * from glob('{folder}/*')",
            "select * from read_parquet('{parquet}')",
            "copy (select 1 as one) to '{folder}/mine.csv'",
            "attach '{folder}/mine.duckdb' as mine",
            "install httpfs",
            "load '{secret}'",
        ],
    )
    def test_reaches_no_other_file(self, lenient: Served, tmp_path: Path, statement: str) -> None:
        secret = tmp_path / "secret.csv"
        secret.write_text("a\nword that nobody else knows\n", encoding="utf-8")
        parquet = lenient.settings.serving / "parquet" / "release.parquet"
        answer = lenient.page.sql_lab(statement.format(secret=secret, folder=tmp_path, parquet=parquet))
        assert not answer.ok
        assert re.search("disabled (by|through) configuration", answer.text)
        assert "nobody else knows" not in answer.text
        assert list(tmp_path.iterdir()) == [secret]

    @pytest.mark.parametrize("setting", ["enable_external_access = true", "lock_configuration = false"])
    def test_opens_no_way_out(self, lenient: Served, setting: str) -> None:
        answer = lenient.page.sql_lab(f"set {setting}")
        assert not answer.ok
        assert "configuration has been locked" in answer.text


@pytest.mark.parametrize("imported", ["postgresql"], indirect=True, scope="module")
def test_a_reader_of_postgresql_writes_nothing_either(lenient: Served) -> None:
    assert lenient.page.sql_lab("select count(*) from marts.release").ok
    for statement in ("create table marts.mine as select 1 as one", "delete from marts.release"):
        answer = lenient.page.sql_lab(statement)
        assert not answer.ok
        assert "permission denied" in answer.text, statement
