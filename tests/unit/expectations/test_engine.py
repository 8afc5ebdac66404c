"""What Great Expectations needs on DuckDB, and whether it still does. Not here: verdicts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import great_expectations as gx
import great_expectations.expectations as gxe
import pytest
import sqlalchemy as sa

from expectations.engine import open_table
from expectations.gate import run_gate


def suite(minimum: int) -> gx.ExpectationSuite:
    count = gxe.ExpectTableRowCountToBeBetween(min_value=minimum)
    return gx.ExpectationSuite(
        "s", expectations=[count, gxe.ExpectColumnValuesToNotBeNull(column="unit_code")]
    )


@pytest.mark.filterwarnings("ignore:`schema_name` is deprecated")
def test_plain_gx_still_loses_its_results_on_duckdb(database: Path) -> None:
    """Once this fails, delete `DuckDBExecutionEngine.get_connection` and `.close`."""
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_sql("plain", connection_string=f"duckdb:///{database}")
    asset = source.add_table_asset("scores", schema_name="marts")
    batch = asset.add_batch_definition_whole_table("all").get_batch()
    answer = batch.validate(gxe.ExpectTableRowCountToBeBetween(min_value=1))
    assert "list index out of range" in str(answer.exception_info)


def test_plain_duckdb_engine_still_cannot_reflect_columns(database: Path) -> None:
    """Once this fails, delete `Columns` and `DuckDBExecutionEngine.get_inspector`."""
    engine = sa.create_engine(f"duckdb:///{database}")
    with pytest.raises(sa.exc.ProgrammingError, match="pg_collation"):
        sa.inspect(engine).get_columns("scores", schema="marts")
    engine.dispose()


@pytest.mark.parametrize("minimum", [1, 601], ids=["after a pass", "after a failure"])
def test_the_file_lock_is_free_after_a_run(database: Path, minimum: int) -> None:
    assert run_gate(database, "marts", "scores", suite(minimum)).success is (minimum == 1)
    code = "import duckdb, sys; duckdb.connect(sys.argv[1]).execute('create table other (i int)')"
    subprocess.run([sys.executable, "-c", code, str(database)], check=True)
    duckdb.connect(database).close()


def test_the_file_lock_is_free_after_an_exception(database: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_table(database, "marts", "scores"):
        raise ZeroDivisionError
    duckdb.connect(database).close()


def test_the_checked_database_cannot_be_written_and_stays_byte_for_byte(database: Path) -> None:
    before = database.read_bytes()
    with open_table(database, "marts", "scores") as opened:
        with pytest.raises(sa.exc.SQLAlchemyError, match="read-only"):
            opened.sql("create table marts.other (i int)")
        opened.batch.validate(suite(1), result_format="COMPLETE")
        assert opened.sql("select table_name from duckdb_tables() where temporary") == []
    assert database.read_bytes() == before


def test_a_broken_statement_does_not_break_the_next(database: Path) -> None:
    with open_table(database, "marts", "scores") as opened:
        with pytest.raises(sa.exc.SQLAlchemyError):
            opened.sql("select name_vi::int from marts.scores")
        assert opened.sql("select 1 as one") == [{"one": 1}]


def test_a_run_prints_nothing(database: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run_gate(database, "marts", "scores", suite(601))
    assert capfd.readouterr() == ("", "")


def test_several_suites_over_one_database_need_no_shared_state(database: Path) -> None:
    """Opening costs some tens of milliseconds, so there is no session to keep, nor to leak."""
    results = [run_gate(database, "marts", "scores", suite(minimum)) for minimum in (1, 601, 600)]
    assert [result.success for result in results] == [True, False, True]
