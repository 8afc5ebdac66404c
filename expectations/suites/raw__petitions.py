"""The rows of a pending batch of petitions: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `petitions` (docs/lake.md)."""
    return records_suite(
        "petitions",
        columns={
            "petition_id": "VARCHAR",
            "agency_code": "VARCHAR",
            "received_at": "TIMESTAMP",
            "transferred_at": "TIMESTAMP",
            "kind": "VARCHAR",
            "status": "VARCHAR",
            "finished_at": "TIMESTAMP",
            "likes": "BIGINT",
            "dislikes": "BIGINT",
            "dossier_code": "VARCHAR",
        },
        required=("petition_id", "agency_code", "received_at", "status"),
        codes={
            "kind": ("procedure", "staff", "other"),
            "status": ("open", "refused", "supplement_requested", "finished"),
        },
        texts=("petition_id", "agency_code", "dossier_code"),
        backwards="finished_at < received_at or transferred_at < received_at",
    )
