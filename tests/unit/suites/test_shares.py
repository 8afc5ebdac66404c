"""The gate on files of record sources: a few bad rows pass, a broken export does not.

The good and poisoned tables of the other suites are in `test_suites.py`; this suite is the same with a share.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations.builder import load
from expectations.gate import GateResult, run_gate
from orchestration.ingestion.working_days import show_deliveries
from tests.unit.suites.conftest import REFERENCE

ROWS, BYTES, STATUS, SIZE = "few_rows_refused", "few_bytes_unreadable", "status_is_known", "usual_size"


def ids(**parameters: object) -> set[str]:
    return {expectation.meta["id"] for expectation in load("raw__files", **parameters).expectations}


def test_these_are_the_expectations_of_a_source_with_a_share() -> None:
    """Each is the only one that stops something below, or in `test_usual_size`. What is captured of the portal is as
    large as what it was asked for.
    """
    assert ids(source="dossiers", most_refused=0.05) - ids() == {ROWS, BYTES, STATUS, SIZE}
    assert ids() - ids(source="dossiers", most_refused=0.05) == {"none_refused"}


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., GateResult]:
    """Judge files given as (name, status, bytes, read, quarantined), each with one problem told."""

    def run(*files: tuple[str, str | None, int, int, int]) -> GateResult:
        database = tmp_path / "batch.duckdb"
        with duckdb.connect(database) as connection:
            connection.execute(
                "create table files (source_file varchar, status varchar, size_bytes bigint, rows_read bigint,"
                " rows_accepted bigint, rows_quarantined bigint, rows_duplicate bigint, problems varchar[],"
                " sender varchar default 'H19', delivery_date date default date '2025-12-01',"
                " rows_foreign bigint default 0)"
            )
            connection.execute("create table history as from files limit 0")
            for name, status, size, read, refused in files:
                connection.execute(
                    "insert into files values (?, ?, ?, ?, ?, ?, 0, ?, default, default, default)",
                    [name, status, size, read, read - refused, refused, [f"{name}: bad [reason]"]],
                )
            show_deliveries(connection, REFERENCE)
        return run_gate(database, "main", "files", load("raw__files", source="dossiers", most_refused=0.05))

    return run


def failed(result: GateResult) -> list[str]:
    return [check.id for check in result.failed()]


def test_a_few_bad_rows_pass(judge: Callable[..., GateResult]) -> None:
    # 50 of 1000 is 5 %: still allowed; and a small unreadable file beside much that is readable.
    result = judge(("a.jsonl", "partly_quarantined", 10_000, 1000, 50), ("b.jsonl", "quarantined", 400, 0, 0))
    assert result.success, result.message()
    assert result.suite == "raw__files__dossiers"


def test_a_broken_export_is_stopped_and_the_worst_file_named(judge: Callable[..., GateResult]) -> None:
    result = judge(("a.jsonl", "accepted", 100, 100, 0), ("b.jsonl", "partly_quarantined", 100, 900, 51))
    assert failed(result) == [ROWS]
    assert "b.jsonl: bad [reason]" in result.message()


def test_rows_that_a_later_delivery_mended_do_not_count(judge: Callable[..., GateResult]) -> None:
    assert judge(("a.jsonl", "accepted", 100, 100, 0), ("b.jsonl", "superseded", 100, 100, 100)).success


def test_an_unreadable_delivery_is_stopped_by_its_bytes(judge: Callable[..., GateResult]) -> None:
    result = judge(("a.jsonl", "accepted", 1000, 100, 0), ("b.jsonl", "quarantined", 100, 0, 0))
    assert failed(result) == [BYTES]
    assert "b.jsonl" in result.message()


@pytest.mark.parametrize("status", ["forgotten", None])
def test_an_unknown_status_is_stopped(judge: Callable[..., GateResult], status: str | None) -> None:
    assert failed(judge(("a.jsonl", status, 1000, 100, 0))) == [STATUS]


def test_a_sender_is_not_stopped_by_what_it_may_not_deliver_nor_by_a_few_bad_rows(tmp_path: Path) -> None:
    """H20 sent 900 rows of others beside 100 of its own; H21 a petition of which 5 of 12 are bad; H22 one row, and it is
    bad; H23 12 rows, 6 of them bad: nobody but the last two is stopped."""
    database = tmp_path / "batch.duckdb"
    with duckdb.connect(database) as connection:
        connection.execute(
            "create table files as select sender || '.jsonl' as source_file, sender, 'partly_quarantined' as status,"
            " date '2025-12-01' as delivery_date, 1000 as size_bytes, read as rows_read, read - refused as"
            " rows_accepted, refused as rows_quarantined, 0 as rows_duplicate, others as rows_foreign, [sender] as"
            " problems from (values ('H20', 1000, 900, 900), ('H21', 12, 5, 0), ('H22', 1, 1, 0), ('H23', 12, 6, 0))"
            " as t(sender, read, refused, others)"
        )
        connection.execute("create table history as from files limit 0")
        show_deliveries(connection, REFERENCE)
    result = run_gate(database, "main", "files", load("raw__files", source="dossiers", most_refused=0.05))
    (check,) = result.failed()
    assert check.id == ROWS
    assert sorted(str(row["sender"]) for row in check.sample) == ["H22", "H23"]
