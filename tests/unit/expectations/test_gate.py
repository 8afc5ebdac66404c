"""The gate's verdicts, its evidence and its errors. Not here: the engine, the page."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import great_expectations as gx
import great_expectations.expectations as gxe
import pytest
from great_expectations.expectations.row_conditions import Column

from expectations.gate import GateError, GateResult, plain, run_gate

Judge = Callable[..., GateResult]


def test_a_table_within_all_bounds_passes(judge: Judge) -> None:
    result = judge(
        gxe.ExpectTableRowCountToBeBetween(min_value=600, max_value=600),
        gxe.ExpectColumnValuesToBeUnique(column="unit_code"),
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0, max_value=5),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select * from {batch} where score > 5", description="at most 5"
        ),
    )
    assert result.success
    assert result.failed() == ()
    assert [check.observed for check in result.checks] == [
        "600",
        "0 of 600 rows",
        "0 of 600 rows",
        "0 rows",
    ]
    assert result.message() == "release on marts.scores: all 4 passed"


def test_a_failed_check_shows_bound_reason_and_whole_rows(judge: Judge) -> None:
    result = judge(
        gxe.ExpectColumnValuesToBeBetween(
            column="score",
            max_value=4.97,
            description="no score above 4.97",
            meta={"reason": "the scale ends there (2026-01)"},
        )
    )
    (check,) = result.failed()
    assert not result.success
    assert check.failing_rows == 2
    assert check.sample[0] == {
        "unit_code": 498,
        "name_vi": "unit 498",
        "score": check.sample[0]["score"],
        "as_of": date(2026, 1, 23),
        "procedures": [498, 499],
    }
    message = result.message()
    for expected in (
        "1 of 1 checks failed",
        "no score above 4.97",
        "2 of 600 rows",
        "the scale ends there (2026-01)",
        '"name_vi": "unit 499"',
    ):
        assert expected in message


def test_unexpected_rows_are_named_by_the_columns_the_query_selects(judge: Judge) -> None:
    query = """
        -- a join needs an alias of its own
        select b.unit_code, s.score from {batch} as b join marts.scores as s using (unit_code)
        where regexp_matches(b.name_vi, '^unit 1{{2}}$')"""
    (check,) = judge(gxe.UnexpectedRowsExpectation(unexpected_rows_query=query)).failed()
    assert [row["unit_code"] for row in check.sample] == [11]
    assert check.failing_rows == 1
    assert check.observed == "1 row"


def test_a_shielded_colon_means_the_same_to_gx_and_to_our_own_query(judge: Judge) -> None:
    query = r"select unit_code from {batch} where regexp_matches(name_vi, ' \:x$')"
    (check,) = judge(gxe.UnexpectedRowsExpectation(unexpected_rows_query=query)).failed()
    assert check.sample == ({"unit_code": 7},)


def test_nulls_fail_only_the_check_that_asks_for_them(judge: Judge) -> None:
    bounds, present = judge(
        gxe.ExpectColumnValuesToBeBetween(column="score", min_value=0),
        gxe.ExpectColumnValuesToNotBeNull(column="score"),
    ).checks
    assert bounds.success
    assert (present.success, present.failing_rows, len(present.sample)) == (False, 100, 20)
    assert present.sample[0]["unit_code"] == 500


def test_a_check_that_cannot_be_evaluated_fails_and_the_others_still_count(judge: Judge) -> None:
    result = judge(
        gxe.ExpectColumnValuesToBeBetween(column="scroe", min_value=0),
        gxe.UnexpectedRowsExpectation(unexpected_rows_query="select name_vi::int from {batch}"),
        gxe.ExpectColumnValuesToMatchRegex(column="name_vi", regex="^unit"),
        gxe.ExpectTableRowCountToBeBetween(min_value=1),
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select unit_code from {batch} where unit_code = 1"
        ),
    )
    missing, broken, unsupported, count, rows = result.checks
    assert [check.success for check in result.checks] == [False, False, False, True, False]
    assert 'could not be evaluated: Error: The column "scroe"' in missing.observed
    assert "Conversion Error" in broken.observed
    assert "not supported" in unsupported.observed
    assert count.observed == "600"
    assert rows.sample == ({"unit_code": 1},)
    assert not result.success


def test_checks_keep_the_order_of_the_suite(judge: Judge) -> None:
    names = [
        gxe.UnexpectedRowsExpectation(unexpected_rows_query="from {batch} limit 0", description="c"),
        gxe.ExpectColumnValuesToNotBeNull(column="as_of", description="a"),
        gxe.ExpectTableRowCountToBeBetween(min_value=1, description="d"),
        gxe.ExpectColumnMeanToBeBetween(column="score", min_value=0, description="b"),
    ]
    assert [check.description for check in judge(*names).checks] == ["c", "a", "d", "b"]


def test_a_row_condition_never_yields_rows_outside_it(judge: Judge) -> None:
    (check,) = judge(
        gxe.ExpectColumnValuesToNotBeNull(column="score", row_condition=Column("unit_code") >= 590)
    ).failed()
    assert check.failing_rows == 10
    assert all("unit_code" not in row or row["unit_code"] >= 590 for row in check.sample)


def test_all_failing_rows_are_written_beyond_the_sample(judge: Judge, tmp_path: Path) -> None:
    directory = tmp_path / "it's failing"
    result = judge(
        gxe.UnexpectedRowsExpectation(
            unexpected_rows_query="select unit_code, procedures from {batch} where score >= 0"
        ),
        gxe.ExpectColumnValuesToBeNull(column="score"),
        gxe.ExpectTableRowCountToBeBetween(min_value=601),
        failing_rows_dir=directory,
    )
    by_query, by_column, total = result.checks
    assert [(check.failing_rows, len(check.sample)) for check in (by_query, by_column)] == [
        (500, 20),
        (500, 20),
    ]
    assert (by_query.rows_file, total.rows_file) == (
        str(directory / "release_marts_scores_01.parquet"),
        None,
    )
    for check, columns in ((by_query, 2), (by_column, 5)):
        rows = duckdb.read_parquet(str(check.rows_file)).order("unit_code").fetchall()
        assert (len(rows), len(rows[0]), rows[-1][0]) == (500, columns, 499)
    assert "and 495 more" in result.message()


def test_weird_text_stays_on_one_line_of_the_message_and_survives_json(judge: Judge, weird: str) -> None:
    result = judge(
        gxe.ExpectColumnValuesToBeInSet(column="unit_code", value_set=[7]),
        gxe.ExpectColumnValuesToNotBeInSet(column="name_vi", value_set=[weird]),
    )
    row = result.checks[1].sample[0]
    assert (row["unit_code"], row["name_vi"]) == (7, weird)
    (line,) = [line for line in result.message().splitlines() if "xuống dòng" in line and "row:" in line]
    assert json.loads(line.split("row: ")[1])["name_vi"] == weird
    assert json.loads(json.dumps(result.to_dict()))["checks"][1]["sample"][0]["name_vi"] == weird


def test_values_that_json_lacks_become_text() -> None:
    from decimal import Decimal

    value = {"a": [float("nan"), Decimal("1.50"), date(2026, 1, 2)], "b": {"c": b"\x01", "d": None}}
    assert plain(value) == {"a": ["nan", "1.50", "2026-01-02"], "b": {"c": "01", "d": None}}


def test_an_empty_suite_is_an_error_not_a_pass(judge: Judge) -> None:
    with pytest.raises(GateError, match="'release' has no expectation"):
        judge()


@pytest.mark.parametrize(("schema", "table"), [("marts", "scoers"), ("mart", "scores")])
def test_a_missing_table_is_an_error_that_names_it(database: Path, schema: str, table: str) -> None:
    suite = gx.ExpectationSuite("s", expectations=[gxe.ExpectTableRowCountToBeBetween(min_value=0)])
    with pytest.raises(GateError, match=f"no table {schema}.{table}"):
        run_gate(database, schema, table, suite)
    duckdb.connect(database).close()  # and the lock is free


def test_a_missing_database_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    suite = gx.ExpectationSuite("s", expectations=[gxe.ExpectTableRowCountToBeBetween(min_value=0)])
    with pytest.raises(GateError, match="no database at"):
        run_gate(tmp_path / "none.duckdb", "marts", "scores", suite)
    assert not (tmp_path / "none.duckdb").exists()


def test_a_database_that_is_not_one_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("not a database")
    suite = gx.ExpectationSuite("s", expectations=[gxe.ExpectTableRowCountToBeBetween(min_value=0)])
    with pytest.raises(GateError, match=r"cannot open .*text.duckdb"):
        run_gate(tmp_path / "text.duckdb", "marts", "scores", suite)


def test_a_database_that_someone_is_writing_is_an_error(database: Path) -> None:
    suite = gx.ExpectationSuite("s", expectations=[gxe.ExpectTableRowCountToBeBetween(min_value=0)])
    with duckdb.connect(database), pytest.raises(GateError, match=r"cannot open .*build.duckdb"):
        run_gate(database, "marts", "scores", suite)


def test_importing_the_layer_does_not_import_great_expectations() -> None:
    code = (
        "import sys, expectations.builder, expectations.drift, expectations.gate, expectations.report_page;"
        "sys.exit('great_expectations' in sys.modules or 'dagster' in sys.modules)"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0
