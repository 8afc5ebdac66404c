"""What holds for every ranking: provinces, departments, communes.

Belongs here: queries that the suites of the three rankings share. Does not belong here: who must be in one.
"""

from __future__ import annotations

from typing import Any

PERIOD = "basis, regime, period_type, period_start, period_end, as_of"


def ranks_hold(peers_of: str = "") -> Any:
    """Standard competition rank, among the units of one level and period, and of one `peers_of` if that is given."""
    import great_expectations.expectations as gxe

    among = f"{PERIOD}, {peers_of}" if peers_of else PERIOD
    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select {PERIOD}, unit_code, name_vi, total_score, rank, expected_rank from ("
            f" select *, rank() over (partition by {among} order by total_score desc nulls last)"
            " as expected_rank from {batch}) as compared"
            " where (total_score is null) <> (rank is null) or rank <> expected_rank"
            # One row that is wrong in itself shifts the ranks of all below it: it is named first.
            " order by (total_score is null) <> (rank is null) desc, as_of desc, expected_rank"
        ),
        description="A rank is one more than the number of better totals",
        meta={"reason": "Standard competition rank, 1, 2, 2, 4: the domain's rule (2026-11-23)"},
    )


def movement_holds() -> Any:
    """Movement is what the two figures beside it say."""
    import great_expectations.expectations as gxe

    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select {PERIOD}, unit_code, name_vi, baseline, previous_score, score_change, rank_change,"
            " movement_reason from {batch}"
            " where (score_change is null or rank_change is null) <> (movement_reason is not null)"
            " or score_change is distinct from total_score - previous_score"
            " or rank_change is distinct from previous_rank - rank"
        ),
        description="Movement is the difference to the baseline, or null with a reason",
        meta={"reason": "A movement nobody can recompute is a rumour (2026-11-23)"},
    )


def scores_hold() -> Any:
    """A total lies within the index."""
    import great_expectations.expectations as gxe

    return gxe.UnexpectedRowsExpectation(
        unexpected_rows_query=(
            f"select {PERIOD}, unit_code, name_vi, total_score from {{batch}} where not total_score between 0 and 100"
        ),
        description="Totals lie between 0 and 100",
        meta={"reason": "The index has 100 points (Decision 766/QD-TTg of 2022-06-23)"},
    )
