"""The rows that failed a dbt test, as text.

Belongs here: finding what dbt stored in the build database (schema `test_failures`), for whoever reads the end
of a failed run. Does not belong here: judging them.
"""

from __future__ import annotations

import json

import duckdb

from orchestration.settings import Settings

ROWS_SHOWN = 5


def failing_rows(settings: Settings, test_id: str) -> str:
    """What the test says, and its first failing rows with their columns; `test_id` is dbt's unique id."""
    manifest = json.loads((settings.build / "dbt" / "manifest.json").read_text(encoding="utf-8"))
    test = manifest["nodes"][test_id]
    with duckdb.connect(str(settings.build_database), read_only=True) as connection:
        try:
            found = connection.execute(f"select * from {test['relation_name']}")
        except duckdb.CatalogException:
            return "the test itself could not be run; see build/run.log"
        names = [column[0] for column in found.description]
        rows = found.fetchmany(ROWS_SHOWN)
        total = connection.execute(f"select count(*) from {test['relation_name']}").fetchall()[0][0]
    shown = [
        "  ".join(f"{name}={value}" for name, value in zip(names, row, strict=True) if value is not None)
        for row in rows
    ]
    more = [f"... and {total - len(rows)} more"] if total > len(rows) else []
    return "\n".join([f"{total} rows fail in {test['relation_name']}:", *shown, *more])
