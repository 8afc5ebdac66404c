"""What moved since the release that is served: may it be published without a person having looked at it?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from expectations.drift import BOUNDS

if TYPE_CHECKING:
    import great_expectations as gx


def suite() -> gx.ExpectationSuite:
    """Suite on `province_moves` (`expectations.drift`)."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    bounds = "; ".join(f"{points} points or {places} places, {state}" for state, points, places in BOUNDS)
    return gx.ExpectationSuite(
        name="hold__province_moves",
        expectations=[
            gxe.UnexpectedRowsExpectation(
                unexpected_rows_query=(
                    "select hold, basis, unit_code, name_vi, period_type, period_start, period_end, state, score_before,"
                    " score_now, round(points, 2) as points, rank_before, rank_now, places, served_release from {batch}"
                    " where is_beyond and not is_approved"
                ),
                description="No province moves further than its bound, unless a person has approved it",
                meta={
                    "reason": f"Bounds: {bounds}. In two weeks the portal's furthest moved 3.49 points and 9 places"
                    " (Gia Lai, 2026-10-10); a closed period moves by late deliveries alone (2026-11-25)"
                },
            ),
        ],
    )
