"""The rows of a pending batch of decisions: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `publication_decisions` (docs/lake.md)."""
    return records_suite(
        "publication_decisions",
        columns={
            "decision_no": "VARCHAR",
            "agency_code": "VARCHAR",
            "decision_date": "DATE",
            "procedure_code": "VARCHAR",
            "kind": "VARCHAR",
            "legal_effect_date": "DATE",
            "published_at": "TIMESTAMP",
        },
        required=("decision_no", "agency_code", "decision_date", "procedure_code", "kind"),
        codes={"kind": ("new", "amended", "abolished")},
        texts=("decision_no", "procedure_code"),
        backwards="published_at < decision_date",
    )
