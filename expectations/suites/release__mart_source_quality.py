"""What the sending systems get wrong: can the shares be believed, and is it little enough to publish?"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx

#: Of all dossiers, and of one province's from so many on: how many may be about a procedure or a unit that nobody
#: knows.
MOST_UNKNOWN, MOST_UNKNOWN_OF_A_PROVINCE, ENOUGH_DOSSIERS = 0.05, 0.1, 100
_BOUND = (
    "The simulator, made after a real exporter, writes 0.02 % of each; a catalogue that is a quarter behind lacks one"
    " procedure in a hundred. Above this the wrong catalogue was delivered, or none, or another country's dossiers:"
    " indicators that look procedures up would count nothing (2026-11-26, docs/adr/0028)"
)
# A dossier whose unit is unknown below a known province counts for that province. Without any catalogue, nothing can be
# unknown in it: what rests on it has no figure, and says so.
_JUDGED = """
    select
        coalesce(units.province_code, 'none') as province_code,
        count(*) as dossiers,
        count(*) filter (
            outcomes.is_unknown_procedure and exists (select 1 from core.dim_procedure)
        ) as unknown_procedure,
        count(*) filter (
            units.resolution is null
            or units.resolution = 'unknown' and exists (select 1 from core.core_units__catalogue)
        ) as unknown_unit
    from core.fct_dossier as outcomes
    left join core.bridge_agency_to_unit as units on outcomes.agency_code = units.agency_code
    group by all
"""


def suite() -> gx.ExpectationSuite:
    """Suite on `marts.mart_source_quality`."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    return gx.ExpectationSuite(
        name="release__mart_source_quality",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select agency_code, system, defect, dossiers, dossiers_checked, share from {batch}"
                    " where dossiers < 1"
                    " or dossiers > dossiers_checked or abs(share - dossiers / dossiers_checked) > 0.000001"
                    " or share is null or defect is null"
                ),
                description="A share is dossiers with the defect by dossiers looked at, and none is above 1",
                meta={
                    "reason": "An agency is asked to mend its system on the strength of this table (2026-11-25)"
                },
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select * from (select sum(dossiers)::bigint as dossiers, sum(unknown_procedure)::bigint as"
                    " unknown_procedure, sum(unknown_unit)::bigint as unknown_unit, (select count(*) from {batch}) as"
                    f" defects_counted from ({_JUDGED}) as judged) as whole"
                    f" where greatest(unknown_procedure, unknown_unit) > {MOST_UNKNOWN} * dossiers"
                ),
                description=f"At most {MOST_UNKNOWN:.0%} of all dossiers have an unknown procedure or an unknown unit",
                meta={"reason": _BOUND},
            ),
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select province_code, dossiers, unknown_procedure, unknown_unit, (select count(*) from {batch}) as"
                    f" defects_counted from ({_JUDGED}) as judged where dossiers >= {ENOUGH_DOSSIERS}"
                    " and province_code <> 'none' and greatest(unknown_procedure, unknown_unit)"
                    f" > {MOST_UNKNOWN_OF_A_PROVINCE} * dossiers"
                ),
                description=(
                    f"At most {MOST_UNKNOWN_OF_A_PROVINCE:.0%} of a province's dossiers have an unknown procedure or an"
                    " unknown unit"
                ),
                meta={
                    "reason": f"{_BOUND}. One province must not hide behind 33 others; below {ENOUGH_DOSSIERS} dossiers"
                    " a few are no sign"
                },
            ),
        ],
    )
