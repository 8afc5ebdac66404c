"""The rows of a pending batch of progress: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `progress` (docs/lake.md)."""
    return records_suite(
        "progress",
        columns={
            "dossier_code": "VARCHAR",
            "acted_at": "TIMESTAMP",
            "status_code": "INTEGER",
            "room_code": "VARCHAR",
            "started_at": "TIMESTAMP",
            "due_at": "TIMESTAMP",
        },
        required=("dossier_code", "status_code"),
        codes={"status_code": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)},
        texts=("room_code",),
        backwards="acted_at < started_at",
    )
