"""The rows of a pending batch of monthly totals: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `national_report_totals` (docs/lake.md)."""
    return records_suite(
        "national_report_totals",
        columns={
            "agency_code": "VARCHAR",
            "year": "INTEGER",
            "month": "INTEGER",
            "received": "BIGINT",
        },
        required=("agency_code", "year", "month", "received"),
        codes={"month": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)},
        texts=("agency_code",),
        backwards="year * 12 + month > year(delivery_date) * 12 + month(delivery_date)",
    )
