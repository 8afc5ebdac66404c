"""The rows of a pending batch of dossiers: are they what the lake promises?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._records import records_suite

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `dossiers` (docs/lake.md)."""
    return records_suite(
        "dossiers",
        columns={
            "dossier_code": "VARCHAR",
            "procedure_code": "VARCHAR",
            "field_code": "VARCHAR",
            "channel_code": "INTEGER",
            "applicant_kind_code": "INTEGER",
            "applicant_hash": "VARCHAR",
            "submitted_at": "TIMESTAMP",
            "received_at": "TIMESTAMP",
            "due_at": "TIMESTAMP",
            "status_code": "INTEGER",
            "returned_at": "TIMESTAMP",
            "finished_at": "TIMESTAMP",
            "refused_at": "TIMESTAMP",
            "return_form_code": "VARCHAR",
            "processing_unit_code": "VARCHAR",
            "received_place_code": "VARCHAR",
            "has_digitised_parts": "BOOLEAN",
            "is_vneid_verified": "BOOLEAN",
            "paid_online_code": "INTEGER",
            "submitted_documents": (
                "STRUCT(document_id VARCHAR, component_code VARCHAR, is_deleted BOOLEAN, is_digitised BOOLEAN,"
                " is_reused BOOLEAN, is_from_national_store BOOLEAN, replaced_result_code VARCHAR)[]"
            ),
            "fees": (
                "STRUCT(fee_code VARCHAR, collection_form_code VARCHAR, price DOUBLE, fee_kind_code VARCHAR)[]"
            ),
            "supplements": (
                "STRUCT(supplement_id VARCHAR, requested_at TIMESTAMP, received_at TIMESTAMP, status_code VARCHAR,"
                " due_before_at TIMESTAMP, due_after_at TIMESTAMP)[]"
            ),
            "results": (
                "STRUCT(document_id VARCHAR, component_code VARCHAR, result_code VARCHAR, has_file BOOLEAN)[]"
            ),
            "identities": "STRUCT(kind_code INTEGER, number_hash VARCHAR)[]",
            "database_codes": "VARCHAR[]",
        },
        required=("dossier_code", "procedure_code", "status_code"),
        codes={
            "status_code": (1, 2, 3, 4, 5, 6, 7, 8, 9, 10),
            "channel_code": (1, 2, 3),
            "applicant_kind_code": (1, 2, 3, 4),
            "paid_online_code": (0, 1, 2),
        },
        texts=(
            "field_code",
            "return_form_code",
            "processing_unit_code",
            "received_place_code",
            "procedure_code",
            "array_to_string(database_codes, '|')",
            "array_to_string([concat_ws('|', d.document_id, d.component_code, d.replaced_result_code)"
            " for d in submitted_documents], '|')",
            "array_to_string([concat_ws('|', f.fee_code, f.collection_form_code, f.fee_kind_code) for f in fees], '|')",
            "array_to_string([concat_ws('|', s.supplement_id, s.status_code) for s in supplements], '|')",
            "array_to_string([concat_ws('|', r.document_id, r.component_code, r.result_code) for r in results], '|')",
        ),
        backwards="coalesce(finished_at, returned_at, refused_at) < received_at or due_at < received_at",
    )
