"""Capturing a real server that plays the portal, well and badly: what lands, what is asked, what is told.

Belongs here: one capture, and the next one after it. Does not belong here: the agreement as a file
(`test_portal_agreement`), and who starts a capture (`tests/graph`).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from orchestration.commands import os_user
from orchestration.extraction.portal.agreement import Agreement
from orchestration.extraction.portal.breaker import close_breaker
from orchestration.extraction.portal.capture import Captured, capture, was_refreshing
from orchestration.extraction.portal.questions import CaptureError
from orchestration.extraction.portal.under_way import WORK, complete_landing
from orchestration.ingestion.landing import PORTAL, scan
from orchestration.settings import REPOSITORY
from tests.portal_server import (
    Answers,
    Asked,
    Data,
    FewUnits,
    Portal,
    Reply,
    answered,
    paged,
    whole_country,
)

#: 07:00:29 in Vietnam.
BEGUN = datetime(2026, 10, 10, 0, 0, 29, tzinfo=UTC)
CONTACT = "index@example.org"
GROUPS = (
    "transparency", "handling-satisfaction", "dossier-digitized", "dvc-progress-tree", "provide-online-tree",
    "formality-online-payment-tree",
)  # fmt: skip
NATION = "2026-10-10T000029Z-service-results-nation-2026.json"
WHOLE = sorted([NATION, *(f"2026-10-10T000029Z-{name}-H44-2026.json" for name in GROUPS)])


@dataclass
class Place:
    """An installation that captures: its folders, its clock, and how long it was told to wait."""

    folder: Path
    portal: Portal
    now: datetime = BEGUN
    waits: list[float] = field(default_factory=list)

    @property
    def landing(self) -> Path:
        return self.folder / "landing"

    @property
    def own(self) -> Path:
        return self.folder / "portal"

    def agreement(self, **changes: Any) -> Agreement:
        usual = {"url": self.portal.url, "provinces": ("H44",), "pause_seconds": 4, "jitter_seconds": 3}
        return Agreement(**{**usual, **changes})

    def capture(self, contact: str = CONTACT, **changes: Any) -> Captured:
        agreement = self.agreement(**changes)
        return capture(self.landing, self.own, agreement, contact, lambda: self.now, self.waits.append)

    @property
    def landed(self) -> list[str]:
        return sorted(path.name for path in (self.landing / PORTAL).rglob("*.json"))

    def files(self) -> dict[str, Data]:
        return {p.name: json.loads(p.read_bytes()) for p in (self.landing / PORTAL).rglob("*.json")}

    @property
    def asked(self) -> list[str]:
        return [asked.interface for asked in self.portal.asked]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Place]]:
    """Places with a portal each."""
    opened: list[Portal] = []

    def make(answers: Answers | None = None) -> Place:
        portal = Portal(answers or FewUnits())
        opened.append(portal.__enter__())
        folder = tmp_path / str(len(opened))
        (folder / "landing").mkdir(parents=True)
        return Place(folder, portal)

    yield make
    for portal in opened:
        portal.__exit__()


@pytest.fixture
def place(start: Callable[..., Place]) -> Place:
    return start()


def test_a_capture_lands_the_nation_and_the_six_groups_of_each_province(place: Place) -> None:
    done = place.capture()
    assert place.asked == ["service-results", *GROUPS, "service-results"], "the nation once more at the end"
    assert (done.answers, done.requests, done.is_refreshing, done.captured_at) == (7, 8, False, BEGUN)
    assert place.landed == WHOLE
    assert [file.sender for file in scan(place.landing, PORTAL).files] == ["nation"] * 7
    assert scan(place.landing, PORTAL).problems == ()
    file = place.files()["2026-10-10T000029Z-handling-satisfaction-H44-2026.json"]
    text = file.pop("answer")
    department = FewUnits().groups["transparency"]["overview"]["departmentId"]
    assert file == {
        "capture": "2026-10-10T00:00:29Z",
        "capturedAt": "2026-10-10T00:00:29Z",
        "request": {
            "path": "evaluation/handling-satisfaction",
            "body": {
                "fromDate": "2026-01-01", "toDate": "2026-12-31", "rootDepartmentId": department, "currentPage": 1,
                "pageSize": 200,
            },
            "agencyCode": "H44",
        },
        "status": 201,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }  # fmt: skip
    assert json.loads(text)["data"] == FewUnits().groups["handling-satisfaction"]
    national = place.files()[NATION]["request"]
    assert national == {
        "path": "evaluation/service-results", "agencyCode": None,
        "body": {"timeType": "year", "year": 2026, "departmentType": "ADMINISTRATIVE_UNIT"},
    }  # fmt: skip


def test_the_delivery_date_is_the_day_in_vietnam(place: Place) -> None:
    place.now = datetime(2026, 10, 9, 23, 0, tzinfo=UTC)
    place.capture()
    assert [path.name for path in (place.landing / PORTAL).iterdir()] == ["2026-10-10"]


def test_each_agreed_period_is_asked_for_as_a_whole(place: Place) -> None:
    done = place.capture(periods=("quarter", "month"))
    assert (done.answers, done.requests) == (14, 16)
    bodies = {name.split("Z-")[1]: file["request"]["body"] for name, file in place.files().items()}
    assert {name for name in bodies if name.startswith("transparency")} == {
        "transparency-H44-2026-Q4.json",
        "transparency-H44-2026-10.json",
    }
    quarter, month = (bodies[f"handling-satisfaction-H44-2026-{end}.json"] for end in ("Q4", "10"))
    assert (quarter["fromDate"], quarter["toDate"]) == ("2026-10-01", "2026-12-31")
    assert (month["fromDate"], month["toDate"]) == ("2026-10-01", "2026-10-31")
    asked = bodies["service-results-nation-2026-Q4.json"]
    assert (asked["timeType"], asked["year"], asked["quarter"]) == ("quarter", 2026, 4)
    assert bodies["provide-online-tree-H44-2026-10.json"]["month"] == 10


@pytest.mark.parametrize(
    ("now", "asked"),
    [
        (datetime(2026, 10, 31, 16, 59, tzinfo=UTC), ["2026", "2026-Q4", "2026-10"]),
        (datetime(2026, 10, 31, 17, 0, tzinfo=UTC), ["2026", "2026-Q4", "2026-10", "2026-11"]),
        (datetime(2026, 11, 1, 17, 0, tzinfo=UTC), ["2026", "2026-Q4", "2026-11"]),
        (datetime(2026, 9, 30, 17, 0, tzinfo=UTC), ["2026", "2026-Q3", "2026-09", "2026-Q4", "2026-10"]),
        (datetime(2026, 12, 31, 17, 0, tzinfo=UTC), ["2026", "2026-Q4", "2026-12", "2027", "2027-Q1", "2027-01"]),
    ],
    ids=["last day of a month", "first day of a month", "second day", "of a quarter", "of a year"],
)  # fmt: skip
def test_a_period_is_asked_for_once_more_on_the_day_after_it_ended(
    place: Place, now: datetime, asked: list[str]
) -> None:
    steps: list[str] = []
    agreement = place.agreement(provinces=(), periods=("year", "quarter", "month"))
    capture(place.landing, place.own, agreement, CONTACT, lambda: now, place.waits.append,
            lambda step, done, of: steps.append(step))  # fmt: skip
    assert steps == [f"service-results of the nation for {period}" for period in asked]
    assert len(place.landed) == len(asked)


def test_the_period_that_ended_is_captured_in_full(place: Place) -> None:
    place.now = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    done = place.capture()
    assert (done.answers, done.requests) == (14, 16)
    asked = [one.body["year"] for one in place.portal.asked if one.interface == "transparency"]
    assert asked == [2026, 2027]


def test_a_period_that_has_no_figures_yet_does_not_cost_the_one_that_ended_its_last(place: Place) -> None:
    """On 2 January nobody asks for 2026 any more."""
    place.now = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    nothing = answered({"evaluation": []})
    place.portal.before = lambda asked: nothing if asked.body.get("year") == 2027 else None
    done = place.capture()
    assert done.notes[0] == "2027: no province has figures yet"
    assert (done.answers, {name.split("-")[-1] for name in place.landed}) == (7, {"2026.json"})


def test_without_a_province_the_nation_is_asked_once(place: Place) -> None:
    assert (place.capture(provinces=()).requests, place.landed) == (1, [NATION])


def test_the_portal_is_asked_politely(place: Place) -> None:
    place.capture()
    assert {asked.agent for asked in place.portal.asked} == {"service-index-warehouse/1 (+index@example.org)"}
    assert place.portal.most_at_once == 1
    assert len(place.waits) == 7, "between two requests, and not after the last"
    assert all(4 <= seconds <= 7 for seconds in place.waits)
    assert len(set(place.waits)) > 1, "not to the clock"


def test_no_proxy_or_password_of_the_environment_is_used(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = tmp_path / "netrc"
    passwords.write_text("machine 127.0.0.1 login x password y\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(passwords))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert place.capture().answers == 7
    assert {asked.authorization for asked in place.portal.asked} == {None}


def test_a_certificate_that_cannot_be_verified_is_told_and_nothing_is_asked(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    with Portal(FewUnits(), context) as portal:
        place = Place(tmp_path, portal)
        with pytest.raises(
            CaptureError, match="found a certificate that cannot be verified, expected one of a known"
        ):
            place.capture()
        assert (portal.asked, place.landed, place.waits) == ([], [], [])


@pytest.mark.parametrize(
    "contact", ["", "  ", "a b@example.org", "x@example.org\r\nX-Other: 1", "tên@example.org"]
)
def test_without_a_contact_nothing_is_asked(place: Place, contact: str) -> None:
    with pytest.raises(
        CaptureError, match="in SERVICE_INDEX_CONTACT, expected an address of mail or of a page"
    ):
        place.capture(contact)
    assert (place.asked, list(place.landing.iterdir())) == ([], [])


def test_a_province_that_is_not_listed_is_told_with_those_that_are(place: Place) -> None:
    with pytest.raises(
        CaptureError, match=r"found no H99 in the portal's list of the nation, expected one of H01, H05"
    ):
        place.capture(provinces=("H44", "H99"))
    assert (place.asked, place.landed) == (["service-results"], [])


def of(
    interface: str, reply: Reply, from_attempt: int = 1, to_attempt: int = 99
) -> Callable[[Asked], Reply | None]:
    """`reply` instead of some answers of an interface."""
    return lambda asked: (
        reply if asked.interface == interface and from_attempt <= asked.attempt <= to_attempt else None
    )


def changed(
    interface: str, change: Callable[[Data], None], from_attempt: int = 1
) -> Callable[[Asked], Reply | None]:
    """The answer of an interface, with `change` made to its data."""

    def reply(asked: Asked) -> Reply | None:
        if asked.interface != interface or asked.attempt < from_attempt:
            return None
        data = FewUnits()(interface, asked.body)
        change(data)
        return answered(data)

    return reply


def refreshed(step: float) -> Callable[[Data], None]:
    """All provinces have a little more, in total and in one group: in itself consistent."""

    def change(data: Data) -> None:
        for row in data["evaluation"]:
            row["totalScore"] = round(row["totalScore"] + step, 2)
            row["groupScores"]["CLGQ"] = round(row["groupScores"]["CLGQ"] + step, 2)

    return change


def refreshing(provinces: int) -> Callable[[Data], None]:
    """Of some provinces the groups are a day ahead of the totals."""

    def change(data: Data) -> None:
        for row in data["evaluation"][:provinces]:
            row["groupScores"]["CLGQ"] += 0.5

    return change


def each_time_another(asked: Asked) -> Reply | None:
    """It refreshes between the two lists of each capture."""
    return changed("service-results", refreshed(asked.attempt / 100))(asked)


def on_pages(
    most: int, change: Callable[[Data, int], None] = lambda data, page: None
) -> Callable[[Asked], Reply | None]:
    """Transparency has three units, `most` a page."""

    def reply(asked: Asked) -> Reply | None:
        if asked.interface != "transparency":
            return None
        data = FewUnits()("transparency", asked.body)
        (row,) = data["evaluation"]
        data["evaluation"] = [{**row, "departmentId": f"unit {number}"} for number in range(3)]
        data = paged(data, asked.body, most)
        change(data, asked.body["currentPage"])
        return answered(data)

    return reply


def endless(data: Data, page: int) -> None:
    """Each page says that there is one more."""
    data["pagination"]["totalPages"] = page + 1
    data["evaluation"] = [{"departmentId": f"unit of page {page}"}]


def repeated(data: Data, page: int) -> None:
    data["evaluation"] = [{"departmentId": "unit 0"}]


REJECTED = Reply(
    b"<html><head><title>Request Rejected</title></head><body>The requested URL was rejected.</body></html>",
    status=200, headers={"Content-Type": "text/html"},
)  # fmt: skip
ELSEWHERE = Reply(b"", status=302, headers={"Location": "https://login.example/in?ticket=secret"})
NOWHERE = Reply(b"", status=302, headers={"Location": "http://[::secret"})
BOMB = Reply(
    gzip.compress(b'{"code": "OK", "data": {"x": "' + b" " * 20_000_000 + b'"}}', mtime=0),
    headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
)
PACKED_BADLY = Reply(b"no gzip", headers={"Content-Type": "application/json", "Content-Encoding": "gzip"})


PERSONAL = "nguyen@a.vn 079123456789 " + "x" * 1_000_000
SHOWN = "'[e-mail] [digits] " + "x" * 42 + "…'"


def other_department(key: str, value: str) -> Callable[[Data], None]:
    return lambda data: data["parent"].update({key: value})


def in_old_form(data: Data) -> None:
    for row in data["evaluation"]:
        row["departmentCode"] = f"000.00.00.{row['departmentCode'].lower()}"


def scored(data: Data, digits: str) -> Reply:
    """The list of the nation, whose first total is of these digits."""
    data["evaluation"][0]["totalScore"] = "digits"
    reply = answered(data)
    return replace(reply, body=reply.body.replace(b'"digits"', digits.encode()))


def with_data(text: str) -> Reply:
    """What is an answer but for `text` as one of its values."""
    return Reply(f'{{"code": "OK", "data": {{"evaluation": [], "x": {text}}}}}'.encode())


@dataclass(frozen=True)
class Case:
    """What the portal does, what is told of it, and what has landed then. `opens`: nobody asks again by himself."""

    does: Callable[[Asked], Reply | None]
    told: str
    landed: int = 0
    requests: int = 0
    opens: bool = False
    agreed: dict[str, Any] = field(default_factory=dict)


HELD = threading.Event()  # never set: longer than any limit
CASES = {
    "answers with 201": Case(lambda _: None, "", 7, 8),
    "answers with 200": Case(
        lambda asked: replace(answered(FewUnits()(asked.interface, asked.body)), status=200), "", 7, 8),
    "pages": Case(on_pages(2), "", 8, 9),
    "lists of different units": Case(lambda _: None, "H44 2026: 7 units in all, 1 in each list", 7, 8),
    "an answer that takes long, within the limit": Case(
        lambda asked: replace(answered(FewUnits()(asked.interface, asked.body)), hold=soon()), "", 7, 8,
        agreed={"read_seconds": 5}),
    "an answer that takes longer": Case(
        of("transparency", Reply(b"", hold=HELD)),
        "transparency of H44 for 2026: found no byte within 0.1 seconds, 4 times, expected an answer; see whether the"
        " portal is up, then capture again: it goes on after the last whole answer",
        requests=5, agreed={"read_seconds": 0.1}),
    "an answer that takes too long as a whole": Case(
        of("transparency", Reply(b"", hold=HELD)), "found no whole answer within 0.2 seconds, expected one within"
        " most_answer_seconds", requests=2, agreed={"most_answer_seconds": 0.2}),
    "a connection that is cut": Case(
        of("transparency", Reply(b"x" * 100, cut=10)),
        "found a connection that broke off (ChunkedEncodingError), 4 times, expected an answer", requests=5),
    "a connection that is cut once": Case(of("transparency", Reply(b"x" * 100, cut=10), to_attempt=1), "", 7, 9),
    "status 503": Case(of("transparency", Reply(b"", 503)), "found status 503, 4 times, expected an answer", requests=5),
    "status 503 twice": Case(of("transparency", Reply(b"", 503), to_attempt=2), "", 7, 10),
    "status 404": Case(of("transparency", Reply(b"", 404)), "found status 404, expected status 201", requests=2),
    "the rejection page with status 200": Case(
        of("transparency", REJECTED), 'transparency of H44 for 2026: found status 200 and the page "Request Rejected",'
        " expected an answer; nobody asks again until a person has closed the breaker", requests=2, opens=True),
    "the rejection page as JSON with status 503": Case(
        of("transparency", replace(REJECTED, status=503, headers={"Content-Type": "application/json"})),
        'found status 503 and the page "Request Rejected"', requests=2, opens=True),
    **{f"status {status}": Case(of("dossier-digitized", Reply(b"", status)),
                                f"dossier-digitized of H44 for 2026: found status {status}, expected an answer; nobody"
                                " asks again", requests=4, opens=True) for status in (401, 403, 429)},
    "another department by its id": Case(
        changed("provide-online-tree", other_department("departmentId", "other")),
        "provide-online-tree of H44 for 2026: found parent.departmentId 'other', another department, expected"
        " that of H44, as was asked; capture again", requests=6),
    "another department by its code": Case(
        changed("provide-online-tree", other_department("departmentCode", "H20")),
        "found parent.departmentCode 'H20', another department, expected that of H44, as was asked", requests=6),
    "the same department in the old form": Case(
        changed("provide-online-tree", other_department("departmentCode", "000.00.00.h44")), "", 7, 8),
    "another department in the old form": Case(
        changed("provide-online-tree", other_department("departmentCode", "000.h20")),
        "found parent.departmentCode '000.h20', another department", requests=6),
    "provinces in the old form": Case(changed("service-results", in_old_form), "", 7, 8),
    "a department named after a person": Case(
        changed("provide-online-tree", other_department("departmentCode", PERSONAL)),
        f"found parent.departmentCode {SHOWN}, another department", requests=6),
    "a nation named after a person": Case(
        changed("service-results", lambda data: data["overview"].update(departmentCode=PERSONAL)),
        f"found overview.departmentCode {SHOWN}, another department, expected that of the nation", requests=1),
    "the number of a person as a department": Case(
        changed("transparency", lambda data: data["overview"].update(departmentId=84912345678)),
        "found overview.departmentId [digits], another department", requests=2),
    "a province where the nation was asked for": Case(
        changed("service-results", lambda data: data["overview"].update(departmentCode="H20")),
        "service-results of the nation for 2026: found overview.departmentCode 'H20', another department", requests=1),
    "a refresh between two requests": Case(
        changed("service-results", refreshed(0.01), from_attempt=2),
        "the portal refreshed its figures between two requests; the capture began again", 7, 16),
    "a refresh between two requests of both captures": Case(
        each_time_another, "the portal refreshed its figures between two requests of two captures one after the other;"
        " the list of the nation landed alone", 1, 16),
    "a list of the nation that is refreshing": Case(
        changed("service-results", refreshing(2)), "the portal is refreshing its figures: 2 provinces have groups that do"
        " not sum to their total; the list of the nation landed alone", 1, 1),
    "one that is refreshing at the end": Case(
        changed("service-results", refreshing(8), from_attempt=2), "refreshing its figures: 8 provinces", 1, 8),
    "one province whose groups do not sum": Case(changed("service-results", refreshing(1)), "", 7, 8),
    "a redirect to another host": Case(
        of("transparency", ELSEWHERE), "found status 302, a redirect to 'login.example', expected an answer; follow it by"
        " hand", requests=2),
    "a redirect to what is no address": Case(
        of("transparency", NOWHERE), "found status 302, a redirect to what is no address, expected an answer;"
        " follow it by hand", requests=2),
    "a gzip bomb": Case(of("transparency", BOMB), "found more than 1000000 bytes unpacked, expected an answer within"
                        " most_answer_bytes", requests=2, agreed={"most_answer_bytes": 1_000_000}),
    "what is not packed as it says": Case(of("transparency", PACKED_BADLY), "found a body that cannot be unpacked",
                                          requests=2),
    "pages without end": Case(on_pages(1, endless), "transparency of H44 for 2026, page 2: found 3 pages after 2,"
                              " expected the same on every page", requests=3),
    "a page once more": Case(on_pages(2, repeated), "page 2: found units of a page before once more, expected others",
                             requests=3),
    "hundreds of pages": Case(on_pages(1, lambda data, _: data["pagination"].update(totalPages=900)),
                              "found 900 pages, expected at most 10", requests=2),
    "another page than was asked for": Case(
        on_pages(2, lambda data, _: data["pagination"].update(currentPage=1)),
        "page 2: found page 1 of 2, expected page 2 of so many", requests=3),
    "pages that are none": Case(
        on_pages(2, lambda data, _: data["pagination"].update(currentPage=PERSONAL, totalPages=[])),
        f"found page {SHOWN} of a list, expected page 1 of so many", requests=2),
    "a list of the nation on two pages": Case(
        changed("service-results", lambda data: data.update(pagination={"totalPages": 2, "currentPage": 1})),
        "service-results of the nation for 2026: found 2 pages, expected all 34 provinces on one; see whether the"
        " interface has changed", requests=1),
    "a list of the nation on its one page": Case(
        changed("service-results", lambda data: data.update(pagination={"totalPages": 1, "currentPage": 1})), "", 7, 8),
    "no JSON": Case(of("transparency", Reply(b"{")), "found the end of the file, or a text without its end, line 1"
                    " column 2, expected a whole JSON object; see whether the interface has changed", requests=2),
    "nothing": Case(of("transparency", Reply(b"")), "found 0 bytes without content, expected a JSON object", requests=2),
    "a page of another kind": Case(of("transparency", Reply(b"<html>")), "found markup (HTML or XML), expected",
                                   requests=2),
    "a byte order mark": Case(of("transparency", Reply(b"\xef\xbb\xbf{}")), "found a byte order mark, expected JSON",
                              requests=2),
    "a key twice": Case(of("transparency", with_data('{"y": 1, "y": 2}')),
                        "found the key twice in one object, key 'y', expected each key once", requests=2),
    "NaN": Case(of("transparency", with_data("NaN")), "found NaN, line 1 column 48, expected a number or null",
                requests=2),
    "half a character": Case(of("transparency", with_data('"\\ud800"')), "found half of a surrogate pair", requests=2),
    "a score of thousands of digits": Case(
        lambda asked: scored(FewUnits()(asked.interface, asked.body), "9" * 5000)
        if asked.interface == "service-results" else None, "", 7, 8),
    "JSON of thousands of levels": Case(of("transparency", Reply(b"[" * 200_000)),
                                        "found hundreds of nested levels, expected under ten", requests=2),
    "a list": Case(of("transparency", Reply(b"[]")), "found a JSON list, expected a JSON object", requests=2),
    "text that is not UTF-8": Case(of("transparency", Reply(b"\xff")), "found text that is not UTF-8", requests=2),
    "an envelope that says no": Case(of("transparency", answered({}, "ERROR")),
                                     "found code 'ERROR' and data of type dict, expected code 'OK' and an", requests=2),
    "an envelope with what is a person's": Case(of("transparency", answered({}, PERSONAL)),
                                                f"found code {SHOWN} and data of type dict", requests=2),
    "an answer without its list": Case(of("dvc-progress-tree", answered({"parent": {}})),
                                       "found no list of objects 'children', expected one", requests=5),
    "no provinces": Case(of("service-results", answered({"evaluation": []})), "found no province, expected 34",
                          requests=1),
    "a province without groups": Case(changed("service-results", lambda data: data["evaluation"][3].pop("groupScores")),
                                      "found a province without id, code, total or groups", requests=1),
    "more requests than agreed": Case(
        lambda _: None, "dvc-progress-tree of H44 for 2026: found 4 requests sent on 2026-10-10, expected at most 4 a day"
        " (most_requests); capture again tomorrow, or agree on more", requests=4, agreed={"most_requests": 4}),
    "no time left": Case(
        lambda _: None, "service-results of the nation for 2026: found no whole capture within 1e-06 seconds, expected"
        " one within most_seconds; capture again: it goes on after the last whole answer, or raise the limit",
        agreed={"most_seconds": 1e-6}),
    "more seconds than agreed": Case(
        of("service-results", Reply(b"", hold=HELD)), "found no whole answer within 0.3", requests=1,
        agreed={"most_seconds": 0.3}),
}  # fmt: skip


def soon() -> threading.Event:
    """Set in a moment: the answer comes, but not at once."""
    event = threading.Event()
    threading.Timer(0.05, event.set).start()
    return event


@pytest.mark.parametrize("name", CASES)
def test_whatever_the_portal_does_is_told_and_nothing_half_lands(place: Place, name: str) -> None:
    case = CASES[name]
    place.portal.before = case.does
    try:
        said = "\n".join(place.capture(**case.agreed).notes)
    except CaptureError as error:
        said = str(error)
        assert case.landed == 0
    assert case.told in said
    assert "secret" not in said
    assert "nguyen" not in said
    assert len(place.landed) == case.landed
    assert len(place.asked) == case.requests
    assert (place.own / "breaker.json").exists() == case.opens
    # What landed is of one moment, and of this capture.
    assert {file["capture"] for file in place.files().values()} <= {"2026-10-10T00:00:29Z"}
    assert scan(place.landing, PORTAL).problems == ()


def test_every_page_of_a_list_lands(place: Place) -> None:
    place.portal.before = on_pages(2)
    place.capture()
    first, second = (
        place.files()[f"2026-10-10T000029Z-transparency-H44-2026{page}.json"] for page in ("", "-p2")
    )
    assert [file["request"]["body"]["currentPage"] for file in (first, second)] == [1, 2]
    assert [len(json.loads(file["answer"])["data"]["evaluation"]) for file in (first, second)] == [2, 1]


def test_only_the_last_list_of_a_portal_that_keeps_refreshing_lands(place: Place) -> None:
    place.portal.before = each_time_another
    assert place.capture().is_refreshing
    total = json.loads(place.files()[NATION]["answer"])["data"]["evaluation"][0]["totalScore"]
    assert total == pytest.approx(68.80 + 0.04), "of the fourth list"
    assert was_refreshing(place.own, place.now)
    assert was_refreshing(place.own, place.now + timedelta(hours=9))
    assert not was_refreshing(place.own, place.now + timedelta(days=1))
    place.portal.before = lambda _: None
    place.now += timedelta(hours=2)
    place.capture()
    assert not was_refreshing(place.own, place.now)


def test_after_each_try_the_wait_is_longer(place: Place) -> None:
    place.portal.before = of("transparency", Reply(b"", 503))
    with pytest.raises(CaptureError, match="503, 4 times"):
        place.capture(jitter_seconds=0)
    assert place.waits == [4, 24, 44, 84]


@pytest.mark.parametrize("answer", range(1, 8))
def test_a_capture_that_was_stopped_goes_on_after_its_last_whole_answer(place: Place, answer: int) -> None:
    place.portal.before = lambda asked: Reply(b"", 404) if len(place.portal.asked) == answer else None
    with pytest.raises(CaptureError, match="404"):
        place.capture()
    assert place.landed == []
    kept = [path for path in (place.landing / WORK).rglob("*.json") if path.parent.name == "2026-10-10"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} <= {0o600}
    assert stat.S_IMODE((place.landing / WORK).stat().st_mode) == 0o700
    place.now += timedelta(minutes=100)
    place.portal.before = lambda _: None
    done = place.capture()
    assert (done.requests, done.captured_at) == (9 - answer, BEGUN)
    assert place.landed == WHOLE
    assert not any((place.landing / WORK).rglob("2026*"))


def damage(place: Place) -> None:
    (path,) = (place.landing / WORK).rglob("*-service-results-*.json")
    path.write_text(path.read_text(encoding="utf-8").replace("68.8", "98.8"), encoding="utf-8")


@pytest.mark.parametrize(
    ("later", "changes", "requests"),
    [
        (timedelta(minutes=119), {}, 7),
        (timedelta(minutes=121), {}, 8),
        (timedelta(minutes=1), {"jitter_seconds": 2}, 8),
        (timedelta(minutes=-1), {}, 8),
    ],
    ids=["goes on", "too old", "another agreement", "from the future"],
)
def test_answers_are_reused_for_a_while_under_the_same_agreement(
    place: Place, later: timedelta, changes: dict[str, Any], requests: int
) -> None:
    place.portal.before = of("transparency", Reply(b"", 404))
    with pytest.raises(CaptureError, match="404"):
        place.capture()
    place.portal.before, place.now = lambda _: None, place.now + later
    assert place.capture(**changes).requests == requests
    assert len({name[:18] for name in place.landed}) == 1


def test_no_answer_is_reused_on_another_day(place: Place) -> None:
    place.now = datetime(2026, 10, 10, 16, 30, tzinfo=UTC)  # half an hour before midnight
    place.portal.before = of("transparency", Reply(b"", 404))
    with pytest.raises(CaptureError, match="404"):
        place.capture()
    place.portal.before, place.now = lambda _: None, place.now + timedelta(hours=1)
    assert place.capture().requests == 8
    assert {path.parent.parent.name for path in (place.landing / PORTAL).rglob("*.json")} == {"2026-10-11"}


def test_an_answer_that_is_not_as_it_came_is_asked_for_again(place: Place) -> None:
    place.portal.before = of("transparency", Reply(b"", 404))
    with pytest.raises(CaptureError, match="404"):
        place.capture()
    damage(place)
    place.portal.before = lambda _: None
    assert place.capture().requests == 8


def test_the_requests_of_a_day_are_counted_over_captures_and_tries(place: Place) -> None:
    assert place.capture(most_requests=20).requests == 8
    place.now += timedelta(hours=1)
    place.portal.before = of("transparency", Reply(b"", 503), to_attempt=4)
    assert place.capture(most_requests=20).requests == 11
    assert len(place.asked) == 19
    place.now += timedelta(hours=1)
    with pytest.raises(CaptureError, match="found 20 requests sent on 2026-10-10, expected at most 20"):
        place.capture(most_requests=20)
    assert len(place.asked) == 20
    place.now += timedelta(days=1)
    assert place.capture(most_requests=20).requests == 8


def test_the_breaker_stays_open_until_a_person_closes_it(place: Place) -> None:
    place.portal.before = of("service-results", REJECTED)
    with pytest.raises(CaptureError, match="Request Rejected"):
        place.capture()
    place.portal.before = lambda _: None
    for days in (0, 1, 30):
        place.now = BEGUN + timedelta(days=days)
        with pytest.raises(
            CaptureError, match=r"breaker open since 2026-10-10T00:00:29.*bin/service-index capture --resume"
        ):
            place.capture()
    assert len(place.asked) == 1
    assert close_breaker(place.own, "they know us now", place.now)
    assert not close_breaker(place.own, "again", place.now)
    assert place.capture().answers == 7
    (line,) = (place.own / "breaker_log.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "reason": 'status 200 and the page "Request Rejected"', "at": "2026-10-10T00:00:29+00:00",
        "question": "service-results of the nation for 2026", "closed_at": "2026-11-09T00:00:29+00:00",
        "by": os_user(), "why": "they know us now",
    }  # fmt: skip


@pytest.mark.parametrize("content", ["", "[]", "\0"])
def test_a_breaker_that_cannot_be_read_is_open(place: Place, content: str) -> None:
    place.own.mkdir()
    (place.own / "breaker.json").write_text(content, encoding="utf-8")
    with pytest.raises(CaptureError, match="found the breaker open"):
        place.capture()
    assert place.asked == []


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from orchestration.extraction.portal.agreement import Agreement
from orchestration.extraction.portal.capture import capture
folder, url, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
renames = 0
def hook(event, arguments):
    global renames
    if event == "os.rename":
        renames += 1
        if renames == number:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
agreement = Agreement(url=url, provinces=("H44",))
capture(folder / "landing", folder / "portal", agreement, "index@example.org",
        lambda: datetime(2026, 10, 10, 0, 0, 29, tzinfo=UTC), lambda seconds: None)
"""
#: One rename begins a capture, two are of each answer (its count, and itself), one the count of the list that is asked
#: for again; the next is that of the whole folder, and seven land it.
KEPT, FOLDER, LANDING = 5, 17, 20


@pytest.mark.parametrize(("rename", "requests"), [(KEPT, 9), (FOLDER, 9), (LANDING, 16)])
def test_a_capture_that_was_killed_ends_as_if_it_had_not_been(
    place: Place, rename: int, requests: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(place.folder), place.portal.url, str(rename)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, check=False,
    )  # fmt: skip
    assert done.returncode == -9
    place.now += timedelta(minutes=1)
    place.capture(pause_seconds=4, jitter_seconds=3)
    assert len(place.asked) == requests
    # Killed while it landed, it is completed; then there is another of the minute after.
    assert [name for name in place.landed if name.startswith("2026-10-10T000029Z")] == WHOLE
    assert len(place.landed) == (14 if rename == LANDING else 7)


def test_what_a_killed_capture_did_not_land_is_landed_by_whoever_comes(place: Place) -> None:
    place.capture()
    whole, landed = place.landing / WORK / "whole", place.landing / PORTAL / "2026-10-10" / "nation"
    (whole / "2026-10-10").mkdir(parents=True)
    for name in WHOLE[:3]:
        (landed / name).rename(whole / "2026-10-10" / name)
    (whole / "capture.json").touch()
    assert complete_landing(place.landing) == 3
    assert (place.landed, whole.exists()) == (WHOLE, False)
    assert complete_landing(place.landing) == 0


def test_all_provinces_are_those_that_are_listed(place: Place) -> None:
    def only_phu_tho(data: Data) -> None:
        data["evaluation"] = [row for row in data["evaluation"] if row["departmentCode"] == "H44"]

    place.portal.before = changed("service-results", only_phu_tho)
    assert place.capture(provinces="all").answers == 7
    assert place.landed == WHOLE


@pytest.mark.parametrize("code", ["../../H44", "H44.01", "", PERSONAL])
def test_no_code_of_the_portal_leads_out_of_landing(place: Place, code: str) -> None:
    place.portal.before = changed(
        "service-results", lambda data: data["evaluation"][0].update(departmentCode=code)
    )
    with pytest.raises(
        CaptureError, match="in the portal's list of the nation, expected the agency code of a province"
    ):
        place.capture(provinces="all")
    assert place.landed == []


def test_provinces_that_are_listed_are_told_without_what_may_be_a_persons(place: Place) -> None:
    place.portal.before = changed(
        "service-results", lambda data: data["evaluation"][0].update(departmentCode=PERSONAL)
    )
    with pytest.raises(CaptureError) as told:
        place.capture(provinces=("H99",))
    assert "expected one of H01, H05" in str(told.value)
    assert "nguyen" not in str(told.value).lower()


@pytest.mark.slow
def test_the_whole_country_is_captured(start: Callable[..., Place]) -> None:
    place = start(whole_country(1, most_rows=150))
    done = place.capture(provinces="all", most_requests=1000, pause_seconds=0, jitter_seconds=0)
    lists = [name for name in place.landed if "-p2" in name]
    assert (done.answers, done.requests) == (205 + len(lists), 206 + len(lists))
    assert lists, "a province has more units than are on a page"
    assert len(done.notes) == 34
    assert not done.is_refreshing


def test_pretend_figures_of_the_country_agree_with_each_other() -> None:
    country = whole_country(1)
    phu_tho = next(row for row in country.provinces if row["agency_code"] == "H44")
    groups = country.groups_of(phu_tho)
    size = sum(len(json.dumps(data, ensure_ascii=False).encode()) for data in groups.values())
    assert 700_000 < size < 900_000
    assert len(country.units_of(phu_tho)) == 162
    row = groups["transparency"]["evaluation"][0]
    assert row["totalScore"] == pytest.approx(sum(metric["score"] or 0 for metric in row["metrics"]))
    assert whole_country(1).groups_of(phu_tho) == groups != whole_country(2).groups_of(phu_tho)
