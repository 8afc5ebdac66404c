"""The rows of a pending batch of the unit catalogue: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `unit_catalogue` (docs/lake.md)."""
    return records_suite(
        "unit_catalogue",
        columns={
            "agency_code": "VARCHAR",
            "name_vi": "VARCHAR",
            "unit_level": "VARCHAR",
            "parent_agency_code": "VARCHAR",
            "state_code": "VARCHAR",
            "valid_from": "DATE",
            "valid_to": "DATE",
        },
        required=("agency_code", "name_vi", "unit_level", "valid_from"),
        codes={"unit_level": ("province", "department", "district", "commune")},
        texts=("agency_code", "name_vi", "parent_agency_code"),
        backwards="valid_to < valid_from",
    )
