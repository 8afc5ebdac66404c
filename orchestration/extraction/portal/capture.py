"""One capture of the portal: the list of the nation, the agreed provinces, the list once more; then all of it lands.

Here: the order of questions, going on after a stop, what shows that the portal refreshed meanwhile, and what a capture
says it did. Not here: HTTP (`calls`), files (`under_way`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from orchestration.answers.progress import Step, unseen
from orchestration.atomic_files import write_durably
from orchestration.extraction.portal.agreement import (
    ALL,
    AN_AGENCY_CODE,
    Agreement,
    is_agency_code,
    user_agent,
)
from orchestration.extraction.portal.answers import (
    Answer,
    check_page,
    department_ids,
    figures,
    is_refreshing,
    provinces_apart,
    read,
)
from orchestration.extraction.portal.breaker import open_breaker, refuse_if_open
from orchestration.extraction.portal.calls import Calls, Received, RefusedError
from orchestration.extraction.portal.questions import (
    GROUPS,
    CaptureError,
    NothingYetError,
    Period,
    Question,
    of_nation,
    of_province,
    periods_on,
    shown,
)
from orchestration.extraction.portal.under_way import UnderWay, complete_landing
from orchestration.vietnam_time import VIETNAM

_LAST = "last_capture.json"
_REFRESHED, _ALONE = (
    "the portal refreshed its figures between two requests",
    "the list of the nation landed alone",
)


@dataclass(frozen=True)
class Captured:
    """What a capture did. `is_refreshing`: the portal was changing its figures, and should be asked again in some hours.

    `requests` are those of this time, tries included; `notes` are what a person may want to know.
    """

    captured_at: datetime
    answers: int
    requests: int
    seconds: float
    is_refreshing: bool
    notes: tuple[str, ...]


class _RefreshingError(Exception):
    """No more is asked: what there is to land has been kept. Says why."""


def capture(
    landing: Path,
    portal: Path,
    agreement: Agreement,
    contact: str,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    wait: Callable[[float], None] = time.sleep,
    step: Step = unseen,
) -> Captured:
    """Ask for all that is agreed, and land it. `portal` is the folder of the breaker, and of what was found last.

    A capture that was stopped goes on after its last whole answer. Raises CaptureError; then nothing has landed.
    """
    complete_landing(landing)
    refuse_if_open(portal)
    agent = user_agent(contact)
    began, under_way = time.monotonic(), UnderWay(landing, agreement, now)
    with Calls(agreement, agent, under_way.count, wait) as calls:
        asking = _Asking(agreement, under_way, calls, step)
        try:
            notes, refreshing = asking.all(), False
        except _RefreshingError as error:
            notes, refreshing = [str(error)], True
        except RefusedError as refused:
            open_breaker(portal, refused.reason, refused.question, now())
            raise
    done = Captured(
        under_way.capture.begun,
        under_way.land(),
        under_way.sent,
        time.monotonic() - began,
        refreshing,
        tuple(notes),
    )
    portal.mkdir(parents=True, exist_ok=True)
    facts = {"captured_at": done.captured_at.isoformat(), "is_refreshing": done.is_refreshing}
    write_durably(portal / _LAST, json.dumps(facts))
    return done


def was_refreshing(portal: Path, at: datetime) -> bool:
    """Whether the last capture of the day of `at` found the portal refreshing."""
    try:
        last = json.loads((portal / _LAST).read_text(encoding="utf-8"))
        moment = datetime.fromisoformat(last["captured_at"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return False
    return bool(last["is_refreshing"]) and _day(moment) == _day(at)


def _day(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).date().isoformat()


class _Asking:
    """The questions of one capture, in order."""

    def __init__(self, agreement: Agreement, under_way: UnderWay, calls: Calls, step: Step) -> None:
        self.agreement, self.under_way, self.calls, self.step = agreement, under_way, calls, step
        self.done = self.of = 0

    def all(self) -> list[str]:
        """Until the answers are of one moment; notes on them. Raises _RefreshingError where they do not come to be, and
        CaptureError.
        """
        while True:
            today = self.under_way.capture.begun.astimezone(VIETNAM).date()
            periods = periods_on(self.agreement.periods, today)
            self.done, self.of = 0, len(periods)
            nations, notes = self._nations(periods, today)
            provinces = self._chosen(next(iter(nations.values())))
            if not provinces:
                return notes
            self.of += len(nations) * (len(provinces) * len(GROUPS) + 1)
            notes += [
                note
                for period in nations
                for code, department_id in provinces.items()
                for note in self._province(code, department_id, period)
            ]
            if all(self._is_as_before(of_nation(period), nation) for period, nation in nations.items()):
                begun_again = self.under_way.capture.has_begun_again
                return [*notes, f"{_REFRESHED}; the capture began again"] if begun_again else notes
            self.under_way.begin_again()

    def _nations(self, periods: Sequence[Period], today: date) -> tuple[dict[Period, Answer], list[str]]:
        """The list of each period, and a note on one that began today and has no province yet: that must not cost the
        period that ended yesterday its last figures, which nobody asks for tomorrow.
        """
        nations: dict[Period, Answer] = {}
        notes = []
        for period in periods:
            try:
                nations[period] = self._nation(of_nation(period))
            except NothingYetError:
                if period.first != today or not nations:
                    raise
                notes.append(f"{period}: no province has figures yet")
        return nations, notes

    def _chosen(self, nation: Answer) -> Mapping[str, str]:
        """The ids of the agreed provinces, by their codes."""
        known = department_ids(nation)
        chosen = known if self.agreement.provinces == ALL else dict.fromkeys(self.agreement.provinces, "")
        for code in chosen:
            if code not in known:
                listed = ", ".join(sorted(filter(is_agency_code, known)))
                raise CaptureError(
                    f"found no {code} in the portal's list of the nation, expected one of {listed}; put the agreement"
                    " right (provinces in portal.yml)"
                )
            if not is_agency_code(code):  # it becomes part of a file's name
                raise CaptureError(
                    f"found {shown(code)} in the portal's list of the nation, expected {AN_AGENCY_CODE};"
                    " see whether the interface has changed"
                )
        return {code: known[code] for code in chosen}

    def _nation(self, question: Question) -> Answer:
        answer = self._answer(question)
        self._refuse_refreshing(question, answer)
        return answer

    def _refuse_refreshing(self, question: Question, nation: Answer) -> None:
        if is_refreshing(nation):
            self.under_way.keep_only(question)
            raise _RefreshingError(
                f"the portal is refreshing its figures: {provinces_apart(nation)} provinces have groups that do not sum"
                f" to their total; {_ALONE}"
            )

    def _is_as_before(self, question: Question, first: Answer) -> bool:
        """Whether the list of the nation still has the same figures: then those in between are of one moment."""
        self.done += 1
        received, last = self._ask(question)
        if not is_refreshing(last) and figures(last) == figures(first):
            return True
        if not is_refreshing(last) and not self.under_way.capture.has_begun_again:
            return False
        # In this order: killed in between, no answer of before is left beside the list of after.
        self.under_way.keep_only(question)
        self.under_way.keep(question, received)
        self._refuse_refreshing(question, last)
        raise _RefreshingError(f"{_REFRESHED} of two captures one after the other; {_ALONE}")

    def _province(self, code: str, department_id: str, period: Period) -> Iterator[str]:
        """All of one province, and a note where its six lists are of different units, which is usual."""
        lists = [self._units(question) for question in of_province(code, department_id, period)]
        in_all, in_every = frozenset.union(*lists), frozenset.intersection(*lists)
        if in_all != in_every:
            yield f"{code} {period}: {len(in_all)} units in all, {len(in_every)} in each list"

    def _units(self, question: Question) -> frozenset[str]:
        """The ids of all units of a list, on however many pages."""
        first = self._answer(question)
        units = first.ids
        for number in range(2, first.pages + 1):
            self.of += 1
            units |= self._answer(question.on_page(number), (units, first.pages)).ids
        return units

    def _answer(self, question: Question, before: tuple[frozenset[str], int] | None = None) -> Answer:
        """The one that is there already, or that comes now and is kept if nothing is wrong with it. `before` are the
        units of the pages before, and how many pages there are.
        """
        self.done += 1
        text = self.under_way.kept(question)
        if text is not None:
            return read(question, text)
        received, answer = self._ask(question)
        if before is not None:
            check_page(question, answer, *before)
        self.under_way.keep(question, received)
        return answer

    def _ask(self, question: Question) -> tuple[Received, Answer]:
        self.step(str(question), self.done - 1, self.of)
        received = self.calls.ask(question)
        return received, read(question, received.text)
