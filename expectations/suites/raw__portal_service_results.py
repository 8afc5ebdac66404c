"""The rows of a pending batch of portal results: is each snapshot whole, and of a plausible time?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.suites._rows import rows_arrive

if TYPE_CHECKING:
    import great_expectations as gx

PROVINCES = 34  # since 1 July 2025 (Resolution 202/2025/QH15)
FIRST_YEAR = 2025  # the first year of two-level local government, and of the portal's index for it


def suite() -> gx.ExpectationSuite:
    """Suite on `portal_service_results`, one row a unit of a payload (columns: `ROW_COLUMNS` of the source's module)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    national = "parent_agency_code is null"
    groups = "coalesce(len(list_distinct([g.group_code for g in group_scores if g.score is not null])), 0)"
    return gx.ExpectationSuite(
        name="raw__portal_service_results",
        expectations=[
            rows_arrive(),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, 'provinces[*].departmentCode' as field,"
                    " count(distinct agency_code) as provinces_found,"
                    f" {PROVINCES} as provinces_expected, string_agg(agency_code, ' ' order by agency_code) as codes"
                    f" from {{batch}} where {national} group by source_file"
                    f" having count(distinct agency_code) <> {PROVINCES} or count(*) <> {PROVINCES}"
                ),
                description=f"A national snapshot shows each of the {PROVINCES} provinces once",
                meta={
                    "reason": f"{PROVINCES} provinces since 2025-07-01; a rank among fewer is no rank (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, rows_quarantined, problems from files where rows_quarantined > 0"
                    " and status <> 'superseded'"
                    f" and source_file in (select source_file from {{batch}} where {national})"
                ),
                description="No row of a national snapshot is refused",
                meta={
                    "reason": "A snapshot of the nation ranks its provinces against each other: one bad row makes the"
                    " whole order wrong. Below the province a bad row is refused alone (2026-11-26)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, 'metadata.extractedAt' as field, extracted_at, delivery_date from {batch}"
                    " where extracted_at is null or delivery_date is null"
                    " or cast(extracted_at as date) > delivery_date + 1"
                ),
                description="A snapshot is not younger than its delivery",
                meta={
                    "reason": "A capture cannot be delivered before it is made; one day allows for the zones of"
                    " sender and receiver (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, record_no, agency_code, 'metadata.year' as field, year from {batch}"
                    f" where coalesce(year, 0) < {FIRST_YEAR}"
                ),
                description="The period lies in the time of the 34 provinces",
                meta={
                    "reason": "Units before 1 July 2025 are others; their figures need crosswalks (2026-11-23)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, record_no, agency_code, 'totalScore' as field from {batch}"
                    f" where {national} and official_total_score is null"
                ),
                description="Each province has the portal's own total",
                meta={
                    "reason": "68 of 68 rows so far (2026-10-10). A unit below the province may lack a group, and is"
                    " then shown without total and rank"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select source_file, record_no, agency_code, 'groupScores' as field,"
                    f" {groups} as groups_found, 6 as groups_expected from {{batch}}"
                    f" where {national} and {groups} <> 6"
                ),
                description="Each province has a score for each of the six groups",
                meta={"reason": "Six groups make the 100 points; 68 of 68 rows so far (2026-10-10)"},
            ),
        ],
    )
