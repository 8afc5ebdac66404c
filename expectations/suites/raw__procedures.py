"""The rows of a pending batch of the procedure catalogue: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `procedures` (docs/lake.md)."""
    return records_suite(
        "procedures",
        columns={
            "procedure_code": "VARCHAR",
            "name_vi": "VARCHAR",
            "field_code": "VARCHAR",
            "execution_level": "VARCHAR",
            "statutory_limit": "DOUBLE",
            "limit_unit": "VARCHAR",
            "is_fee_bearing": "BOOLEAN",
            "has_synchronised_fees": "BOOLEAN",
            "returns_paper_result": "BOOLEAN",
            "online_level": "INTEGER",
            "is_open_to_citizens": "BOOLEAN",
            "has_all_parts": "BOOLEAN",
        },
        required=("procedure_code",),
        codes={
            "execution_level": ("ministry", "province", "commune"),
            "limit_unit": ("working_day", "day", "hour"),
            "online_level": (2, 3, 4),
        },
        texts=("procedure_code", "name_vi", "field_code"),
        backwards="",
    )
