"""The rows that failed a dbt test.

Belongs here: finding what dbt stored in the build database (schema `test_failures`), and how it is told. Does not belong
here: judging them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb

from orchestration.settings import Settings

ROWS_SHOWN, ROWS_KEPT = 5, 20


@dataclass(frozen=True)
class FailingRows:
    """How many there are in the table that dbt keeps them in, and the first; None where the test could not be run."""

    table: str
    total: int | None
    first: tuple[dict[str, object], ...] = ()

    def __str__(self) -> str:
        if self.total is None:
            return "the test itself could not be run; see build/run.log"
        shown = [
            "  ".join(f"{name}={value}" for name, value in row.items() if value is not None)
            for row in self.first[:ROWS_SHOWN]
        ]
        more = [f"... and {self.total - ROWS_SHOWN} more"] if self.total > ROWS_SHOWN else []
        return "\n".join([f"{self.total} rows fail in {self.table}:", *shown, *more])


def failing_rows(settings: Settings, test_id: str) -> FailingRows:
    """What dbt's test failed for; `test_id` is its unique id."""
    manifest = json.loads((settings.build / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    table = manifest["nodes"][test_id]["relation_name"]
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        try:
            found = connection.sql(f"select * from {table}")
        except duckdb.CatalogException:
            return FailingRows(table, None)
        first = tuple(dict(zip(found.columns, row, strict=True)) for row in found.fetchmany(ROWS_KEPT))
        (total,) = connection.sql(f"select count(*) from {table}").fetchall()[0]
    return FailingRows(table, total, first)
