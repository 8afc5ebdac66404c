"""The public contract: which tables and columns BI tools find, and that the documents tell the truth.

The lists below are the contract of the design page, written out: renaming a column must fail here.
"""

from __future__ import annotations

import csv
import json

import duckdb
import pytest

from orchestration.publishing.marts import open_marts
from orchestration.settings import REPOSITORY, Settings
from tests.pipeline.conftest import Query

PERIOD = ["basis", "regime", "period_type", "period_start", "period_end", "as_of"]
METRIC = [
    *PERIOD,
    *["unit_code", "unit_level", "metric_code", "numerator", "denominator", "ratio", "score", "max_score"],
]
RANKING = [
    *PERIOD,
    *["period_status", "unit_code", "name_vi", "name_en", "total_score", "rank", "peers", "baseline"],
    *["previous_score", "previous_rank", "score_change", "rank_change", "band"],
    *["official_score", "official_rank", "unit_type"],
]
CONTRACT = {
    "dim_unit": [
        *["unit_code", "unit_level", "parent_unit_code", "province_code"],
        *["name_vi", "name_en", "valid_from", "valid_to", "unit_type", "valid_from_certainty"],
    ],
    "dim_indicator": [
        *["regime", "metric_code", "group_code", "name_vi", "name_en", "max_score", "full_mark_ratio"],
        *["zero_denominator_score", "evidence", "valid_from", "valid_to"],
    ],
    "mart_indicator_scores": [*METRIC, "group_code"],
    "mart_index": [*PERIOD, "unit_code", "group_code", "score", "max_score", "score_origin"],
    "mart_province_ranking": RANKING,
    "mart_department_ranking": RANKING,
    "mart_commune_ranking": RANKING,
    "mart_service_headline": [
        *PERIOD,
        *["unit_code", "unit_level", "name_vi", "dossiers_received", "online_ratio", "paid_online_ratio"],
        *["early", "on_time", "within_time", "overdue", "timely_ratio", "total_score", "rank", "unit_type"],
    ],
    "mart_coverage": [
        *PERIOD,
        *["province_code", "group_code", "units_expected", "units_present", "newest_at"],
    ],
    "mart_official_reconciliation": [
        *["as_of", "unit_code", "metric_code", "official_score", "computed_score", "difference", "status"],
    ],
    "mart_score_gap": [*PERIOD, "unit_code", "metric_code", "points_lost", "more_for_one_point"],
}
SCORED = 21


def columns_of(query: Query) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in query(
        "select table_name, column_name from information_schema.columns where table_schema = 'marts'"
        " order by table_name, ordinal_position"
    ):
        found.setdefault(table, []).append(column)
    return found


@pytest.mark.parametrize("table", sorted(CONTRACT))
def test_contract_columns_are_served(query: Query, table: str) -> None:
    assert set(CONTRACT[table]) - set(columns_of(query)[table]) == set()


def test_each_metric_has_its_table_of_one_shape(query: Query) -> None:
    tables = {name: cols for name, cols in columns_of(query).items() if name.startswith("ind_")}
    with (REPOSITORY / "seeds" / "reference" / "indicators.csv").open(encoding="utf-8") as stream:
        assert set(tables) == {f"ind_{row['metric_code'].lower()}" for row in csv.DictReader(stream)}
    assert {tuple(cols) for cols in tables.values()} == {
        (*METRIC, "score_reason", "denominator_status", "average_days", "release_id")
    }


def test_the_regimes_score_the_same_21_metrics_for_100_points(query: Query) -> None:
    assert query(
        "select regime, count(*), sum(max_score) from marts.dim_indicator where is_scored group by regime order by regime"
    ) == [("portal_2025", SCORED, 100.0), ("portal_2026", SCORED, 100.0)]
    # Nothing of 2025 was ever recomputed from counts, so no rule of it may claim so.
    assert query(
        "select count(*) from marts.dim_indicator where regime = 'portal_2025' and evidence = 'verified'"
    ) == [(0,)]


def test_every_indicator_is_in_the_table_of_all(query: Query) -> None:
    metrics = [row[0] for row in query("select distinct metric_code from marts.dim_indicator")]
    apart = sum(query(f"select count(*) from marts.ind_{metric.lower()}")[0][0] for metric in metrics)
    assert query("select count(*) from marts.mart_indicator_scores") == [(apart,)]


def test_documented_columns_are_the_materialised_ones(query: Query, installation: Settings) -> None:
    manifest = json.loads((installation.build / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    documented = {
        node["name"]: sorted([*node["columns"], "release_id"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    served = {table: sorted(cols) for table, cols in columns_of(query).items()}
    assert "gates_passed" in served.pop("release")
    assert documented == served


def test_wide_views_have_the_rows_and_sums_of_the_facts(query: Query) -> None:
    """A join that loses a row, or doubles one, would show here: every fact has its names once."""
    facts = "count(*), sum(numerator), sum(denominator), sum(rank), count(score), sum(max_score)"
    wide = query(f"select {facts}, sum(score) from marts.bi_indicator")
    assert wide == query(f"select {facts}, sum(shown_score) from marts.mart_indicator_scores")
    assert wide[0][0] > 700
    ranked = "count(*), sum(total_score), sum(rank), sum(rank_change), sum(peers)"
    assert query(f"select {ranked} from marts.bi_ranking") == query(
        f"select {ranked} from (select total_score, rank, rank_change, peers from marts.mart_province_ranking"
        " union all select total_score, rank, rank_change, peers from marts.mart_department_ranking"
        " union all select total_score, rank, rank_change, peers from marts.mart_commune_ranking)"
    )
    assert query("select count(*) from marts.bi_indicator where score is null and score_reason is null") == [
        (0,)
    ]


def test_every_figure_has_a_period_of_the_list(query: Query) -> None:
    facts = [
        table for table, cols in columns_of(query).items() if "period_id" in cols and table != "dim_period"
    ]
    assert len(facts) == 14
    for table in facts:
        assert query(
            f"select count(*) from marts.{table} anti join marts.dim_period"
            " using (period_id, basis, regime, period_type, period_start, period_end, as_of, contains_synthetic)"
        ) == [(0,)], table
    assert query(
        "select count(*), count(*) filter (is_latest) from marts.dim_period where basis = 'portal'"
    ) == [(2, 1)]


def test_every_goal_that_nobody_can_count_has_its_reason(query: Query) -> None:
    for goal in ("full_mark", "one_point", "next_rank"):
        assert query(
            f"select count(*) from marts.mart_score_gap where (more_for_{goal} is null) <> ({goal}_reason is not null)"
        ) == [(0,)], goal


def test_a_unit_is_found_as_people_type_it_and_its_label_is_its_own(query: Query) -> None:
    assert query(
        "select distinct label_vi, region_en from marts.dim_unit where search_name = 'dong nai'"
    ) == [("Đồng Nai", "Southeast")]
    ((units, distinct, names),) = query(
        "select count(*), count(distinct label_vi), count(distinct name_vi) from marts.dim_unit where valid_to is null"
    )
    assert units == distinct > names
    # 576 communes of 3,321 share their name with another: their label ends with the province.
    assert query(
        "select count(*) from marts.dim_unit where unit_level = 'commune' and valid_to is null and label_vi <> name_vi"
    ) == [(576,)]
    assert query(
        "select count(distinct (tile_row, tile_column)) from marts.dim_unit where unit_level = 'province'"
    ) == [(34,)]


def test_parquet_holds_the_same_rows(query: Query, installation: Settings) -> None:
    for table in columns_of(query):
        if table == "bi_movement":  # of all pairs of periods, which nobody reads as one
            continue
        if table == "mart_overdue_dossiers":  # a folder, of which the test of releases says what lies in it
            continue
        path = str(installation.serving / "parquet" / f"{table}.parquet")
        assert query(f"select count(*) from (from read_parquet(?) except all from marts.{table})", path) == [
            (0,)
        ]
        assert query("select count(*) from read_parquet(?)", path) == query(
            f"select count(*) from marts.{table}"
        )


def test_every_mart_and_column_says_what_it_is(query: Query) -> None:
    """Of the served file, as a BI tool shows it: nobody who opens it has read our YAML."""
    assert query("select view_name from duckdb_views() where schema_name = 'marts' and comment is null") == []
    assert (
        query("select table_name from duckdb_tables() where schema_name = 'marts' and comment is null") == []
    )
    assert query(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and coalesce(comment, '') = ''"
    ) == []  # fmt: skip


def test_columns_that_the_contract_says_are_never_null_are_served_so(
    query: Query, installation: Settings
) -> None:
    manifest = json.loads((installation.build / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    promised = {
        (node["name"], column["name"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["schema"] == "marts" and node["config"]["materialized"] == "table"
        for column in node["columns"].values()
        if any(constraint["type"] == "not_null" for constraint in column["constraints"])
    }  # fmt: skip
    served = set(
        query(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and not is_nullable"
            " and column_name <> 'release_id' and table_name <> 'release'"
        )
    )
    assert served == promised
    assert len(promised) > 80


def test_the_mart_of_a_metric_shows_the_rows_of_the_table_of_all(query: Query) -> None:
    """Each is counted once and stored once; in the build the same name is what counts it."""
    views = [table for table in columns_of(query) if table.startswith("ind_")]
    assert len(views) == 25
    shown = "unit_code, as_of, numerator, denominator, score, release_id"
    for view in views:
        assert query(
            f"select count(*) from (select {shown} from marts.{view} except all select {shown}"
            f" from marts.mart_indicator_scores where metric_code = '{view.removeprefix('ind_').upper()}')"
        ) == [(0,)]


def test_what_moved_a_total_adds_up_to_what_the_ranking_says(query: Query) -> None:
    moved = query(
        "select r.score_change, any_value(m.total_moved), sum(m.points_moved), count(*) = count(distinct m.part_code)"
        " from marts.mart_province_ranking as r inner join marts.dim_period as p"
        "   on p.basis = r.basis and p.period_type = r.period_type and p.period_start = r.period_start"
        "   and r.baseline = p.period_type || ' from ' || p.period_start || ' as of ' || p.as_of"
        " inner join marts.bi_movement as m"
        "   on m.from_period_id = p.period_id and m.to_period_id = r.period_id and m.unit_code = r.unit_code"
        " group by r.period_id, r.unit_code, r.score_change"
    )
    assert len(moved) == 34
    assert all(change == total == parts and each_once for change, total, parts, each_once in moved)


def test_who_reads_a_release_by_its_parquet_finds_the_views_without_any(
    query: Query, installation: Settings
) -> None:
    moved = "select * exclude (release_id) from marts.bi_movement where unit_code = '75' order by all"
    with open_marts(installation.serving) as connection:
        assert connection.execute(moved).fetchall() == query(moved) != []


def test_every_plan_reaches_its_goal_and_says_the_points_it_starts_from(query: Query) -> None:
    """Where the last step leaves the total; the goal of the next rank is one hundredth above a peer."""
    plans = query(
        "select p.goal, p.goal_total, max(p.total_after),"
        " bool_and(p.score_before = s.shown_score or s.shown_score is null)"
        " from marts.mart_score_plan as p inner join marts.mart_indicator_scores as s"
        " using (period_id, unit_code, metric_code)"
        " where p.step > 0 group by p.period_id, p.unit_code, p.goal, p.goal_total"
    )
    assert {goal for goal, *_ in plans} == {"next_tenth", "next_rank", "next_band"}
    assert all(reached >= goal_total and as_now for _, goal_total, reached, as_now in plans)
    assert query(
        "select count(*) from marts.mart_score_plan as p where goal = 'next_rank' and unit_level = 'province'"
        " and not exists (select 1 from marts.mart_province_ranking as r where r.period_id = p.period_id"
        "  and r.total_score = p.goal_total - 0.01)"
    ) == [(0,)]


def test_every_table_carries_the_release_that_the_manifest_names(
    query: Query, installation: Settings
) -> None:
    manifest = json.loads((installation.serving / "manifest.json").read_text(encoding="utf-8"))
    for table, facts in manifest["tables"].items():
        ids = query(f"select distinct release_id from marts.{table}")
        assert ids in ([], [(manifest["release_id"],)])
        if "query" not in facts:
            assert query(f"select count(*) from marts.{table}") == [(facts["rows"],)]


def test_the_manifest_names_inputs_gates_code_and_versions(installation: Settings) -> None:
    manifest = json.loads((installation.serving / "manifest.json").read_text(encoding="utf-8"))
    assert [len(batch["files"]) for batch in manifest["inputs"]] == [3]
    assert all(gate["success"] for gate in manifest["gates"])
    assert {gate["suite"].split("__")[0] for gate in manifest["gates"]} == {"raw", "release", "hold"}
    assert {"dbt-core", "duckdb", "great-expectations", "dagster"} <= set(manifest["versions"])
    assert manifest["code"]["revision"]
    assert manifest["contains_synthetic"] is False


def test_reference_data_are_whole(query: Query) -> None:
    assert query(
        "select unit_level, count(*) from marts.dim_unit where valid_to is null group by unit_level order by unit_level"
    ) == [("commune", 3321), ("department", 14), ("nation", 1), ("province", 34)]


def test_every_column_of_every_table_is_described(installation: Settings) -> None:
    """All that dbt builds, served or not: a column without a word is one that nobody can check."""
    manifest = json.loads(installation.dbt_manifest.read_text(encoding="utf-8"))
    described = {
        node["name"]: {name for name, column in node["columns"].items() if column["description"]}
        for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")
    }  # fmt: skip
    with duckdb.connect(str(installation.build_database), read_only=True) as connection:
        built = connection.execute(
            "select table_name, column_name from information_schema.columns"
        ).fetchall()
    missing = sorted(
        (table, column) for table, column in built if table in described and column not in described[table]
    )
    assert missing == []
    assert described.keys() <= {table for table, _ in built}
