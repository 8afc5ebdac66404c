"""The gate on files of record sources: a few bad rows pass, a broken export does not.

The good and poisoned tables of the other suites are in `test_suites.py`; this suite is the same with a share.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from expectations.gate import GateResult, run_gate
from expectations.suites import load

ROWS = "At most 5% of the rows are refused"
BYTES = "At most 5% of the bytes lie in files that cannot be read"
STATUS = "Each file has a known status"


@pytest.fixture
def judge(tmp_path: Path) -> Callable[..., GateResult]:
    """Judge files given as (name, status, bytes, read, quarantined), each with one problem told."""

    def run(*files: tuple[str, str | None, int, int, int]) -> GateResult:
        database = tmp_path / "batch.duckdb"
        with duckdb.connect(database) as connection:
            connection.execute(
                "create table files (source_file varchar, status varchar, size_bytes bigint, rows_read bigint,"
                " rows_accepted bigint, rows_quarantined bigint, rows_duplicate bigint, problems varchar[],"
                " sender varchar default 'H19', delivery_date date default date '2025-12-01')"
            )
            connection.execute("create table history (sender varchar, delivery_date date, rows_read bigint)")
            for name, status, size, read, refused in files:
                connection.execute(
                    "insert into files values (?, ?, ?, ?, ?, ?, 0, ?, default, default)",
                    [name, status, size, read, read - refused, refused, [f"{name}: bad [reason]"]],
                )
        return run_gate(database, "main", "files", load("raw__files", source="dossiers", most_refused=0.05))

    return run


def failed(result: GateResult) -> list[str]:
    return [check.description for check in result.failed()]


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
