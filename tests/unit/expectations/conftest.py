"""One small database, and a shorthand to judge its table. Not here: anything a test asserts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.gate import GateResult, run_gate

WEIRD = """<b>"Hồ sơ"</b> & 'một' {batch} {0}\nxuống dòng :x"""


@pytest.fixture
def weird() -> str:
    return WEIRD


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """`marts.scores`: 600 rows, 100 of them without a score, one with a weird name."""
    path = tmp_path / "thư mục" / "build.duckdb"
    path.parent.mkdir()
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.scores as
            select
                i as unit_code,
                case when i = 7 then $weird else 'unit ' || i end as name_vi,
                case when i < 500 then (i / 100)::decimal(5, 2) end as score,
                date '2026-01-01' + (i % 28)::int as as_of,
                [i, i + 1] as procedures
            from range(600) as r(i)
            """,
            {"weird": WEIRD},
        )
    return path


@pytest.fixture
def judge(database: Path) -> Callable[..., GateResult]:
    """Run the gate on `marts.scores` with these expectations."""

    def run(*expectations: Any, **options: Any) -> GateResult:
        import great_expectations as gx

        suite = gx.ExpectationSuite(name="release", expectations=list(expectations))
        return run_gate(database, "marts", "scores", suite, **options)

    return run
