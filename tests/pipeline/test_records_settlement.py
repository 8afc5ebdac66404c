"""On-time settlement, case by case: each worked by hand from the domain page, all in one build.

Each case is the only dossier of its own commune of Dong Nai, so that the served headline shows its outcome. Data go
to 15 November 2025: the window 1 July to 30 November is open and observed on that day; July is closed and observed
on its 31st. Weekdays used: 14 July 2025 is a Monday; 1 and 2 September are public holidays; Saturday 26 April was
worked in exchange for Friday 2 May.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pytest

from tests.pipeline.records_lake import REPOSITORY, build, deliver_nothing, empty_lake, write

WINDOW, JULY, APRIL = "window", "july", "april"
PERIODS = {
    WINDOW: ("window", "2025-07-01", "2025-11-15"),
    JULY: ("month", "2025-07-01", "2025-07-31"),
    APRIL: ("month", "2025-04-01", "2025-04-30"),
}
MONDAY_8 = "2025-07-14 08:00:00"
FRIDAY_17 = "2025-07-18 17:00:00"


@dataclass(frozen=True)
class Case:
    """One dossier, what it comes to, and why."""

    name: str
    why: str
    expected: str
    dossier: Mapping[str, Any]
    steps: tuple[tuple[str, int], ...] = ()
    period: str = WINDOW
    #: Whether its first version is of a system that writes its code backwards. What comes after it does not.
    old_code: bool = False
    more: tuple[Mapping[str, Any], ...] = field(default=())


def finished(at: str, **other: Any) -> dict[str, Any]:
    """Received Monday 14 July 08:00, due Friday 18 July 17:00, finished at a moment."""
    return {"received_at": MONDAY_8, "due_at": FRIDAY_17, "status_code": 9, "finished_at": at, **other}


def opened(status: int = 4, **other: Any) -> dict[str, Any]:
    """The same, and open."""
    return {"received_at": MONDAY_8, "due_at": FRIDAY_17, "status_code": status, **other}


def asked(*stretches: tuple[str, str | None]) -> list[dict[str, Any]]:
    """Requests for a supplement, with the moment each was met."""
    return [
        {"supplement_id": str(i), "requested_at": a, "received_at": b} for i, (a, b) in enumerate(stretches)
    ]


def no_due(procedure: str, at: str, **other: Any) -> dict[str, Any]:
    """Without a due date: the procedure's statutory limit decides."""
    return {
        "procedure_code": procedure,
        "status_code": 9,
        "finished_at": at,
        "received_at": MONDAY_8,
        **other,
    }


CASES = [
    # The comparison, to the second.
    Case("early", "ended on Thursday, due on Friday", "early", finished("2025-07-17 23:59:59")),
    Case(
        "due_day_first_second",
        "the due day begins: no longer an earlier day",
        "on_time",
        finished("2025-07-18 00:00:00"),
    ),
    Case("last_second", "end <= due, both 17:00:00", "on_time", finished("2025-07-18 17:00:00")),
    Case("one_second_late", "17:00:01 > 17:00:00", "overdue", finished("2025-07-18 17:00:01")),
    Case(
        "due_without_time",
        "midnight is a date without a time: Friday is left whole",
        "on_time",
        finished("2025-07-18 23:59:59", due_at="2025-07-18 00:00:00"),
    ),
    Case(
        "due_without_time_day_after",
        "the day after a due date without a time",
        "overdue",
        finished("2025-07-19 00:00:00", due_at="2025-07-18 00:00:00"),
    ),
    # Which moment is the end.
    Case(
        "returned_only",
        "status 10 without a finishing moment: returned Thursday",
        "early",
        opened(10, returned_at="2025-07-17 09:00:00"),
    ),
    Case(
        "returned_only_late",
        "status 10 without a finishing moment: returned Monday after",
        "overdue",
        opened(10, returned_at="2025-07-21 09:00:00"),
    ),
    Case(
        "finished_before_returned",
        "status 9's moment comes before 10's: fetched late is not settled late",
        "early",
        finished("2025-07-17 09:00:00", status_code=10, returned_at="2025-07-25 09:00:00"),
    ),
    Case(
        "finished_in_progress_only",
        "the header has no moment, progress has step 9 on Friday 16:00",
        "on_time",
        opened(9),
        (("2025-07-18 16:00:00", 9),),
    ),
    Case(
        "finish_step_before_return",
        "step 9 late on Monday counts before a return moment",
        "overdue",
        opened(10, returned_at="2025-07-18 10:00:00"),
        (("2025-07-21 09:00:00", 9),),
    ),
    Case("stopped", "status 8, its step on Wednesday", "early", opened(8), (("2025-07-16 09:00:00", 8),)),
    Case(
        "stopped_late",
        "status 8, its step after the due moment",
        "overdue",
        opened(8),
        (("2025-07-18 17:00:01", 8),),
    ),
    Case(
        "refused", "status 3, refused on the due day", "on_time", opened(3, refused_at="2025-07-18 11:00:00")
    ),
    Case(
        "refused_late", "status 3, refused a day late", "overdue", opened(3, refused_at="2025-07-19 11:00:00")
    ),
    Case(
        "refused_by_step",
        "status 3 without a header moment: its step on Tuesday",
        "early",
        opened(3),
        (("2025-07-15 11:00:00", 3),),
    ),
    Case(
        "withdrawn",
        "withdrawal after receipt ends the dossier",
        "early",
        opened(7),
        (("2025-07-15 09:00:00", 7),),
    ),
    Case(
        "withdrawn_late",
        "withdrawal after the due moment ends it too late",
        "overdue",
        opened(7),
        (("2025-07-19 09:00:00", 7),),
    ),
    Case(
        "withdrawn_before_receipt",
        "withdrawal before receipt is no end: open, and due long before 15 November",
        "overdue",
        opened(7),
        (("2025-07-13 09:00:00", 7),),
    ),
    Case(
        "withdrawn_before_receipt_not_due",
        "the same, due after the day observed",
        "within_time",
        opened(7, due_at="2025-12-01 17:00:00"),
        (("2025-07-13 09:00:00", 7),),
    ),
    Case(
        "withdrawn_at_receipt",
        "withdrawal at the second of receipt counts",
        "early",
        opened(7),
        ((MONDAY_8, 7),),
    ),
    Case(
        "end_unknown", "status 9 without any moment has no end: open, due long before", "overdue", opened(9)
    ),
    # Open dossiers: the end is that of the period, or the day observed if earlier: that of the newest delivery, which
    # shows the end of the day before.
    Case(
        "open_not_due",
        "open on 15 November, due on the 17th",
        "within_time",
        opened(due_at="2025-11-17 17:00:00"),
    ),
    Case(
        "open_due_on_the_day",
        "delivered on 15 November, when that day was not over: it may have ended by 17:00",
        "within_time",
        opened(due_at="2025-11-15 17:00:00"),
    ),
    Case(
        "open_due_the_day_before",
        "at the end of 14 November 17:00 of that day had passed",
        "overdue",
        opened(due_at="2025-11-14 17:00:00"),
    ),
    Case(
        "open_due_last_second",
        "due at 23:59:59 of the last day that is known: end <= due",
        "within_time",
        opened(due_at="2025-11-14 23:59:59"),
    ),
    Case(
        "open_due_date_only",
        "due on 14 November without a time: its whole day",
        "within_time",
        opened(due_at="2025-11-14 00:00:00"),
    ),
    Case(
        "open_in_a_closed_month",
        "July is observed on its 31st: due on 1 August is within time",
        "within_time",
        opened(due_at="2025-08-01 09:00:00"),
        period=JULY,
    ),
    Case(
        "open_late_in_a_closed_month",
        "due 30 July 17:00, July observed at the end of the 31st",
        "overdue",
        opened(due_at="2025-07-30 17:00:00"),
        period=JULY,
    ),
    Case(
        "open_in_the_open_window",
        "the dossier within time in July is overdue on 15 November",
        "overdue",
        opened(due_at="2025-08-01 09:00:00"),
    ),
    Case(
        "newly_registered",
        "status 1 with a moment of receipt is open like any other",
        "within_time",
        opened(1, due_at="2025-11-20 17:00:00"),
    ),
    # Supplements.
    Case(
        "waiting_in_time",
        "one open request on Thursday stops the clock before Friday",
        "within_time",
        opened(5, supplements=asked(("2025-07-17 10:00:00", None))),
    ),
    Case(
        "waiting_too_late",
        "the one request came after the due moment",
        "overdue",
        opened(5, supplements=asked(("2025-07-18 17:00:01", None))),
    ),
    Case(
        "waiting_at_the_due_second",
        "the request at 17:00:00 is still in time",
        "within_time",
        opened(5, supplements=asked((FRIDAY_17, None))),
    ),
    Case(
        "two_open_requests",
        "more than one open request is overdue, whatever the dates",
        "overdue",
        opened(
            5,
            due_at="2025-12-31 17:00:00",
            supplements=asked(("2025-07-15 10:00:00", None), ("2025-07-16 10:00:00", None)),
        ),
    ),
    Case(
        "open_request_but_finished",
        "a finishing status makes the open request irrelevant",
        "early",
        finished("2025-07-17 09:00:00", supplements=asked(("2025-07-15 10:00:00", None))),
    ),
    Case(
        "two_open_requests_but_finished",
        "so do two",
        "on_time",
        finished(
            "2025-07-18 09:00:00",
            supplements=asked(("2025-07-15 10:00:00", None), ("2025-07-16 10:00:00", None)),
        ),
    ),
    Case(
        "completed_supplement",
        "Monday 21 July 17:00 less 3 days of waiting is Friday 17:00",
        "on_time",
        finished("2025-07-21 17:00:00", supplements=asked(("2025-07-15 08:00:00", "2025-07-18 08:00:00"))),
    ),
    Case(
        "completed_supplement_one_second",
        "one second more than the waiting covers",
        "overdue",
        finished("2025-07-21 17:00:01", supplements=asked(("2025-07-15 08:00:00", "2025-07-18 08:00:00"))),
    ),
    Case(
        "overlapping_supplements",
        "15 to 17 and 16 to 18 July cover 3 days, not 4: 22 July less 3 is the 19th",
        "overdue",
        finished(
            "2025-07-22 08:00:00",
            supplements=asked(
                ("2025-07-15 08:00:00", "2025-07-17 08:00:00"), ("2025-07-16 08:00:00", "2025-07-18 08:00:00")
            ),
        ),
    ),
    Case(
        "overlapping_supplements_in_time",
        "the same 3 days are enough for 21 July 17:00",
        "on_time",
        finished(
            "2025-07-21 17:00:00",
            supplements=asked(
                ("2025-07-15 08:00:00", "2025-07-17 08:00:00"), ("2025-07-16 08:00:00", "2025-07-18 08:00:00")
            ),
        ),
    ),
    Case(
        "nested_supplements",
        "16 July lies within 15 to 18: still 3 days",
        "overdue",
        finished(
            "2025-07-21 17:00:01",
            supplements=asked(
                ("2025-07-15 08:00:00", "2025-07-18 08:00:00"), ("2025-07-16 08:00:00", "2025-07-17 08:00:00")
            ),
        ),
    ),
    Case(
        "separate_supplements",
        "1 + 2 days apart, given in disorder, are 3",
        "on_time",
        finished(
            "2025-07-21 17:00:00",
            supplements=asked(
                ("2025-07-18 08:00:00", "2025-07-20 08:00:00"), ("2025-07-15 08:00:00", "2025-07-16 08:00:00")
            ),
        ),
    ),
    Case(
        "touching_supplements",
        "15 to 16 and 16 to 17 touch: 2 days; 20 July 17:00 less 2 is the 18th 17:00",
        "on_time",
        finished(
            "2025-07-20 17:00:00",
            supplements=asked(
                ("2025-07-15 08:00:00", "2025-07-16 08:00:00"), ("2025-07-16 08:00:00", "2025-07-17 08:00:00")
            ),
        ),
    ),
    Case(
        "early_after_waiting",
        "21 July less 4 days is Thursday the 17th: an earlier day than due",
        "early",
        finished("2025-07-21 08:00:00", supplements=asked(("2025-07-15 08:00:00", "2025-07-19 08:00:00"))),
    ),
    Case(
        "completed_then_waiting",
        "open request on 21 July 17:00 less 3 days waited is Friday 17:00",
        "within_time",
        opened(
            5,
            supplements=asked(("2025-07-15 08:00:00", "2025-07-18 08:00:00"), ("2025-07-21 17:00:00", None)),
        ),
    ),
    Case(
        "open_with_waiting",
        "due 12 November 23:59:59 and 2 days waited: within time to the end of the 14th",
        "within_time",
        opened(
            due_at="2025-11-12 23:59:59", supplements=asked(("2025-07-15 08:00:00", "2025-07-17 08:00:00"))
        ),
    ),
    Case(
        "open_with_too_little_waiting",
        "one second less of waiting is not enough",
        "overdue",
        opened(
            due_at="2025-11-12 23:59:59", supplements=asked(("2025-07-15 08:00:00", "2025-07-17 07:59:59"))
        ),
    ),
    Case(
        "waiting_after_the_end",
        "waiting counts up to the end only: 21 July 08:00 less 1 day is the 20th",
        "overdue",
        finished("2025-07-21 08:00:00", supplements=asked(("2025-07-20 08:00:00", "2025-07-30 08:00:00"))),
    ),
    # No due date: the statutory limit.
    Case(
        "working_days",
        "Monday 08:00 and 3 working days: Thursday 08:00",
        "on_time",
        no_due("P3", "2025-07-17 08:00:00"),
    ),
    Case("working_days_late", "a second after", "overdue", no_due("P3", "2025-07-17 08:00:01")),
    Case("working_days_early", "a day before", "early", no_due("P3", "2025-07-16 23:59:59")),
    Case(
        "over_a_weekend",
        "Thursday 17 July 08:00 and 3: Friday, Monday, Tuesday the 22nd 08:00",
        "on_time",
        no_due("P3", "2025-07-22 08:00:00", received_at="2025-07-17 08:00:00"),
    ),
    Case(
        "over_a_weekend_late",
        "Tuesday the 22nd 08:00:01",
        "overdue",
        no_due("P3", "2025-07-22 08:00:01", received_at="2025-07-17 08:00:00"),
    ),
    Case(
        "over_national_day",
        "Friday 29 August 10:00 and 3: 1 and 2 September are off; 3, 4, 5 September",
        "on_time",
        no_due("P3", "2025-09-05 10:00:00", received_at="2025-08-29 10:00:00"),
    ),
    Case(
        "over_national_day_late",
        "5 September 10:00:01",
        "overdue",
        no_due("P3", "2025-09-05 10:00:01", received_at="2025-08-29 10:00:00"),
    ),
    Case(
        "saturday_worked_in_exchange",
        "Thursday 24 April 10:00 and 3: Friday, Saturday 26 (worked), Monday 28",
        "on_time",
        no_due("P3", "2025-04-28 10:00:00", received_at="2025-04-24 10:00:00"),
        period=APRIL,
    ),
    Case(
        "saturday_worked_in_exchange_late",
        "Monday 28 April 10:00:01",
        "overdue",
        no_due("P3", "2025-04-28 10:00:01", received_at="2025-04-24 10:00:00"),
        period=APRIL,
    ),
    Case(
        "received_on_sunday",
        "Sunday 13 July: counting starts on Monday, its third day, Wednesday, is left whole",
        "on_time",
        no_due("P3", "2025-07-16 23:59:59", received_at="2025-07-13 10:00:00"),
    ),
    Case(
        "received_on_sunday_late",
        "Thursday begins",
        "overdue",
        no_due("P3", "2025-07-17 00:00:00", received_at="2025-07-13 10:00:00"),
    ),
    Case(
        "calendar_days",
        "5 days over a weekend: Thursday 17 08:00 to Tuesday 22 08:00",
        "on_time",
        no_due("D5", "2025-07-22 08:00:00", received_at="2025-07-17 08:00:00"),
    ),
    Case("hours", "8 hours from 08:00: 16:00", "on_time", no_due("H8", "2025-07-14 16:00:00")),
    Case("hours_late", "16:00:01", "overdue", no_due("H8", "2025-07-14 16:00:01")),
    Case(
        "limit_with_waiting",
        "Thursday 08:00 and a day waited: Friday 08:00",
        "on_time",
        no_due(
            "P3", "2025-07-18 08:00:00", supplements=asked(("2025-07-15 08:00:00", "2025-07-16 08:00:00"))
        ),
    ),
    Case(
        "open_by_limit",
        "received 13 November 08:00, 3 working days: the 18th, open on the 15th",
        "within_time",
        {"procedure_code": "P3", "received_at": "2025-11-13 08:00:00", "status_code": 4},
    ),
    # Neither a due date nor a limit: nothing can be late, whatever else happened.
    Case(
        "no_limit_known",
        "no due date and a procedure without a limit",
        "no_deadline",
        no_due("NONE", "2025-07-14 09:00:00"),
    ),
    Case(
        "no_limit_open",
        "the same, and open for months",
        "no_deadline",
        no_due("NONE", "", finished_at=None, status_code=4),
    ),
    Case(
        "no_limit_waiting",
        "one open request stops a clock that does not run",
        "no_deadline",
        no_due("NONE", "", finished_at=None, status_code=5, supplements=asked(("2025-07-15 08:00:00", None))),
    ),
    Case(
        "no_limit_waiting_twice",
        "more than one open request makes overdue what could be late, which this cannot",
        "no_deadline",
        no_due(
            "NONE",
            "",
            finished_at=None,
            status_code=5,
            supplements=asked(("2025-07-15 08:00:00", None), ("2025-07-16 08:00:00", None)),
        ),
    ),
    Case("limit_zero", "a limit of 0 states none", "no_deadline", no_due("ZERO", "2025-07-14 09:00:00")),
    Case("limit_without_unit", "3 of what?", "no_deadline", no_due("UNITLESS", "2025-07-14 09:00:00")),
    Case(
        "unit_without_limit",
        "working days, how many?",
        "no_deadline",
        no_due("UNLIMITED", "2025-07-14 09:00:00"),
    ),
    Case("procedure_unknown", "in no catalogue", "no_deadline", no_due("9.999999", "2025-07-14 09:00:00")),
    Case(
        "no_limit_but_due",
        "a due date is a deadline without any limit",
        "overdue",
        {**finished("2025-07-19 09:00:00"), "procedure_code": "NONE"},
    ),
    # What the exporter gets wrong, and old codes.
    Case(
        "supplement_exported_as_finished",
        "status 9, but the last step is 5: one open request stops the clock",
        "within_time",
        finished("2025-07-25 09:00:00", supplements=asked(("2025-07-16 09:00:00", None))),
        (("2025-07-14 09:00:00", 4), ("2025-07-16 09:00:00", 5)),
    ),
    Case(
        "payment_exported_as_finished",
        "status 9, but the last step is 6: open and past due",
        "overdue",
        finished("2025-07-15 09:00:00"),
        (("2025-07-15 09:00:00", 6),),
    ),
    Case(
        "stopped_exported_as_finished",
        "status 9 with a late moment, but stopped in time by its step",
        "early",
        finished("2025-07-25 09:00:00"),
        (("2025-07-16 09:00:00", 8),),
    ),
    Case(
        "finished_after_supplement",
        "step 9 follows step 5: truly finished",
        "overdue",
        finished("2025-07-25 09:00:00"),
        (("2025-07-16 09:00:00", 5), ("2025-07-25 09:00:00", 9)),
    ),
    Case(
        "header_behind_progress",
        "the header says in process, progress finished it on Thursday",
        "early",
        opened(4),
        (("2025-07-17 09:00:00", 9),),
    ),
    Case(
        "old_code", "000.00.95.H19 is H19.95 written backwards", "on_time", finished(FRIDAY_17), old_code=True
    ),
    Case(
        "both_codes",
        "open when its system was replaced, and sent in the form of today since: one dossier, not one more that is late",
        "on_time",
        opened(4),
        (("2025-07-18 16:00:00", 9),),
        old_code=True,
        more=(finished(FRIDAY_17, delivery_date="2025-11-15"),),
    ),
    Case(
        "older_state_after_newer",
        "an open state delivered later does not undo the end",
        "early",
        finished("2025-07-17 09:00:00"),
        more=(opened(4, delivery_date="2025-11-15"),),
    ),
]

OUTCOMES = ("early", "on_time", "within_time", "overdue", "no_deadline")


_COUNTED = """
select numerator, denominator from marts.mart_indicator_scores
where basis = 'records' and unit_code = ? and period_type = ? and period_start = ? and as_of = ?
    and metric_code in ('DOSSIER_RECEIVING_SATISFACTION', 'ON_TIME_SETTLEMENT') order by metric_code
"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The outcome that the headline shows for each case's commune."""
    data = tmp_path_factory.mktemp("settlement")
    empty_lake(data)
    with duckdb.connect() as connection:
        communes = [
            row[0]
            for row in connection.execute(
                "select commune_code from read_csv(?, all_varchar = true) where province_code = '75' order by all",
                [str(REPOSITORY / "seeds" / "reference" / "communes.csv")],
            ).fetchall()
        ]
    dossiers, steps, units = [], [], []
    for number, case in enumerate(CASES):
        code = f"H19.{300 + number}-250714-0001"
        first_code = f"000.00.{300 + number}.H19-250714-0001" if case.old_code else code
        for version, its_code in ((case.dossier, first_code), *((version, code) for version in case.more)):
            dossiers.append({"delivery_date": "2025-11-14", **version, "dossier_code": its_code})
        steps += [{"dossier_code": code, "acted_at": at, "status_code": status} for at, status in case.steps]
        units.append(
            {
                "agency_code": f"H19.{300 + number}",
                "name_vi": case.name,
                "unit_level": "commune",
                "parent_agency_code": "H19",
                "state_code": communes[number],
                "valid_from": "2025-07-01",
            }
        )
    # The newest delivery says how far the data go; this dossier has no receipt and counts nowhere.
    dossiers.append({"dossier_code": "H19-251115-0001", "status_code": 1, "delivery_date": "2025-11-15"})
    limits = [("P3", 3, "working_day"), ("D5", 5, "day"), ("H8", 8, "hour"), ("NONE", None, None)]
    limits += [("ZERO", 0, "working_day"), ("UNITLESS", 3, None), ("UNLIMITED", None, "working_day")]
    write(data, "dossiers", dossiers)
    write(data, "progress", steps)
    write(data, "unit_catalogue", units)
    deliver_nothing(data, "petitions", "H19", "2025-12-01")
    write(
        data,
        "procedures",
        [
            {
                "procedure_code": code,
                "execution_level": "commune",
                "statutory_limit": limit,
                "limit_unit": unit,
            }
            for code, limit, unit in limits
        ],
    )
    build(data)
    found = {}
    with duckdb.connect(str(data / "build" / "build.duckdb"), read_only=True) as connection:
        for number, case in enumerate(CASES):
            row = connection.execute(
                "select early, on_time, within_time, overdue, no_deadline from marts.mart_service_headline"
                " where basis = 'records' and unit_code = ? and period_type = ? and period_start = ? and as_of = ?",
                [communes[number], *PERIODS[case.period]],
            ).fetchone()
            found[f"{case.name}: scores"] = str(
                connection.execute(_COUNTED, [communes[number], *PERIODS[case.period]]).fetchall()
            )
            found[case.name] = "+".join(
                name
                for name, count in zip(OUTCOMES, row or (0, 0, 0, 0, 0), strict=True)
                for _ in range(count)
            )
    return found


def test_there_are_enough_cases() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_dossier_is_settled_as_worked_by_hand(outcomes: dict[str, str], case: Case) -> None:
    assert outcomes[case.name] == case.expected, case.why


NO_DEADLINE = [case for case in CASES if case.expected == "no_deadline"]


@pytest.mark.parametrize("case", NO_DEADLINE, ids=lambda case: case.name)
def test_a_dossier_without_a_deadline_is_in_no_settlement_count_and_late_for_nobody(
    outcomes: dict[str, str], case: Case
) -> None:
    # Satisfied 1 of 1: neither late nor petitioned. Settled 0 of 0.
    assert outcomes[f"{case.name}: scores"] == "[(1, 1), (0, 0)]"


def test_a_dossier_with_a_deadline_is_in_both_counts(outcomes: dict[str, str]) -> None:
    assert outcomes["early: scores"] == "[(1, 1), (1, 1)]"
    assert outcomes["one_second_late: scores"] == "[(0, 1), (0, 1)]"
