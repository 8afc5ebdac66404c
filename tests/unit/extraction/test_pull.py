"""Pulling from a real server that behaves and misbehaves: what lands, what is asked for again, what is told."""

from __future__ import annotations

import json
import os
import socketserver
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme

from orchestration.extraction import pages
from orchestration.extraction.gateways import Gateway as Known
from orchestration.extraction.pages import ContradictionError, Pages, PullError
from orchestration.extraction.pull import WORK, Pulled, begun_days, pull
from orchestration.ingestion.landing import scan
from orchestration.settings import REPOSITORY
from tests.unit.extraction.server import TOKEN, Answer, Gateway, bomb, page

pytestmark = pytest.mark.slow

DAY = date(2026, 11, 24)
ROWS = [[{"MaHoSo": f"H19-261124-{number}{row}"} for row in range(2)] for number in range(3)]
#: Three pages of two rows, and a last one that is not full.
THREE = [*ROWS[:2], ROWS[2][:1]]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "BACKOFF_SECONDS", 0)
    monkeypatch.setattr(pages, "TIMEOUT_SECONDS", (2, 2))
    monkeypatch.setattr(pages, "RETRIES", 3)


@pytest.fixture
def start() -> Iterator[Callable[..., Gateway]]:
    made: list[Gateway] = []

    def make(content: list[list[dict[str, str]]] = THREE, tls: ssl.SSLContext | None = None) -> Gateway:
        made.append(Gateway(content, tls))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()


def known(server: Gateway, **changes: Any) -> Known:
    usual = {"page_size": 2, "most_page_bytes": 100_000, "most_pages": 50}
    return Known(
        sender="H19",
        source="dossiers",
        url=server.url,
        token_from="SERVICE_INDEX_TOKEN_H19",
        first_day=DAY,
        **{**usual, **changes},
    )


def fetch(landing: Path, server: Gateway, waits: list[float] | None = None, **changes: Any) -> Pulled:
    gateway = known(server, **changes)
    note = (waits if waits is not None else []).append
    return pull(landing, gateway, DAY, partial(Pages, gateway, DAY, TOKEN, wait=note))


def landed(landing: Path) -> list[list[dict[str, str]]]:
    return [json.loads(file.path.read_bytes())["data"] for file in scan(landing, "dossiers").files]


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    (tmp_path / "landing").mkdir()
    return tmp_path / "landing"


def test_every_page_lands_as_it_came(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    made = fetch(landing, server)
    assert (made.rows, made.fetched, len(made.files)) == (5, 4, 3)
    assert landed(landing) == THREE
    assert (landing / "dossiers/2026-11-24/H19/2026-11-24-page-00002.json").read_bytes() == page(THREE[1])[2]
    assert server.asked == [1, 2, 3, 4], "a page that is not full may be followed by another"
    assert set(server.tokens) == {f"Bearer {TOKEN}"}
    # Nothing is left of the work, and no problem is seen in landing.
    assert list((landing / WORK).rglob("*.json")) == []
    assert scan(landing, "dossiers").problems == ()


def test_a_day_that_has_landed_is_not_asked_for_again(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    fetch(landing, server)
    assert fetch(landing, server).fetched == 0
    assert server.asked == [1, 2, 3, 4]


@pytest.mark.parametrize("content", [THREE, ROWS], ids=["last page not full", "last page full"])
def test_where_the_gateway_says_a_total_no_page_is_asked_for_beyond_it(
    landing: Path, start: Callable[..., Gateway], content: list[list[dict[str, str]]]
) -> None:
    server = start(content)
    server.total = sum(map(len, content))
    assert fetch(landing, server).rows == server.total
    assert (server.asked, landed(landing)) == ([1, 2, 3], content)


@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize("cap", [1, 3, 999])
def test_a_gateway_that_caps_its_pages_loses_no_row(
    landing: Path, start: Callable[..., Gateway], cap: int, says_total: bool
) -> None:
    """Asked for a thousand rows it gives `cap`, whatever was asked: each page but none is the last."""
    rows = [{"n": number} for number in range(10)]
    server = start([rows[at : at + cap] for at in range(0, 10, cap)])
    server.total = 10 if says_total else None
    assert fetch(landing, server, page_size=1000).rows == 10
    assert [row for page in landed(landing) for row in page] == rows


@pytest.mark.parametrize("total", [None, 0])
def test_a_day_without_records_is_a_delivery_of_none(
    landing: Path, start: Callable[..., Gateway], total: int | None
) -> None:
    server = start([])
    server.total = total
    made = fetch(landing, server)
    assert (made.rows, made.fetched, landed(landing)) == (0, 1, [[]])
    assert fetch(landing, server).fetched == 0


ERROR = page([], error="quota exceeded")


@pytest.mark.parametrize("says_total", [True, False])
@pytest.mark.parametrize("number", [2, 3])
def test_a_page_that_came_before_is_no_page_of_its_own(
    landing: Path, start: Callable[..., Gateway], number: int, says_total: bool
) -> None:
    """With the first page once more, as many rows are there as the gateway says, and those of another page are lost.
    That the envelope counts on makes it no other page.
    """
    server = start(ROWS)
    server.total = 6 if says_total else None
    total = {"total": 6} if says_total else {}
    server.before = lambda asked, attempt: page(ROWS[0], **total, page=asked) if asked == number else None
    said = f"page {number}: found the rows of page 1 once more, expected others; .*asks for all pages again"
    with pytest.raises(ContradictionError, match=said):
        fetch(landing, server)
    assert landed(landing) == []
    server.before = lambda asked, attempt: None
    assert fetch(landing, server).fetched == (3 if says_total else 4)
    assert landed(landing) == ROWS


def test_a_page_that_was_kept_is_compared_as_well(landing: Path, start: Callable[..., Gateway]) -> None:
    """The first two came in a night before: they are read from the disk, and the third is one of them."""
    server = start(ROWS)
    server.before = lambda number, attempt: (404, {}, b"") if number == 3 else None
    with pytest.raises(PullError, match="page 3: found status 404"):
        fetch(landing, server)
    server.before = lambda number, attempt: page(ROWS[0])
    with pytest.raises(ContradictionError, match="page 3: found the rows of page 1 once more"):
        fetch(landing, server)
    assert server.asked == [1, 2, 3, 3]


@pytest.mark.parametrize("number", [1, 2])
def test_a_page_of_an_error_is_no_end_of_a_day(
    landing: Path, start: Callable[..., Gateway], number: int
) -> None:
    """As the first it would land a day without records, which nobody asks for again; later, a part of one."""
    server = start()
    server.before = lambda asked, attempt: ERROR if asked == number else None
    said = f"page {number}: found no rows, and 'error', expected rows, or data, isUpdating and total alone; ask the"
    with pytest.raises(PullError, match=said) as told:
        fetch(landing, server)
    assert "quota" not in str(told.value)
    assert landed(landing) == []
    server.before = lambda asked, attempt: None
    assert fetch(landing, server).fetched == 5 - number
    assert landed(landing) == THREE


def test_an_empty_page_may_have_what_is_agreed(landing: Path, start: Callable[..., Gateway]) -> None:
    """What the source contract has, a total, and what the agreement names; pages with rows may say what they like."""
    server = start()
    server.before = lambda number, attempt: page(
        THREE[number - 1] if number <= 3 else [], isUpdating="False", total=None, page=number
    )
    with pytest.raises(PullError, match="page 4: found no rows, and 'page', expected"):
        fetch(landing, server)
    assert fetch(landing, server, more_keys=("page",)).rows == 5


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(landing: Path, start: Callable[..., Gateway], status: int) -> None:
    server = start()
    server.before = lambda number, attempt: (
        (status, {"Retry-After": "0"}, b"") if number == 2 and attempt <= 2 else None
    )
    assert fetch(landing, server).rows == 5
    assert server.asked == [1, 2, 2, 2, 3, 4]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 302])
def test_what_cannot_pass_is_asked_for_once(
    landing: Path, start: Callable[..., Gateway], status: int
) -> None:
    server, elsewhere = start(), start()
    server.before = lambda number, attempt: (
        (status, {"Location": elsewhere.url}, b"") if number == 2 else None
    )
    with pytest.raises(
        PullError, match=f"dossiers of H19 for 2026-11-24, page 2: found status {status}"
    ) as told:
        fetch(landing, server)
    assert server.asked == [1, 2]
    assert elsewhere.asked == []
    assert TOKEN not in str(told.value)
    if status in (401, 403):
        assert "renew the token in SERVICE_INDEX_TOKEN_H19" in str(told.value)
    assert landed(landing) == []


#: Where a redirect may lead: what no library can read as an address, what is no UTF-8, and a key that nobody may see.
PLACES = {
    "https://[x/login": "what is no address",
    "https://login.example/\xff": "'login.example'",
    "https://login.example/in?ticket=secret": "'login.example'",
    "/login": "the same host",
}


@pytest.mark.parametrize("place", PLACES, ids=["no address", "no UTF-8", "secret", "path"])
@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_no_answer_wherever_it_leads(
    landing: Path, start: Callable[..., Gateway], status: int, place: str
) -> None:
    server = start()
    server.before = lambda number, attempt: (status, {"Location": place}, b"") if number == 2 else None
    with pytest.raises(
        PullError,
        match=f"page 2: found status {status}, a redirect to {PLACES[place]}, expected status 200; follow it",
    ) as told:
        fetch(landing, server)
    assert server.asked == [1, 2]
    assert "secret" not in str(told.value)


def test_of_a_redirect_no_body_is_read(landing: Path, start: Callable[..., Gateway]) -> None:
    """One that says it has a gigabyte, of which a byte comes: who waits for the rest waits until the time is over."""
    server = start()
    head = {"Location": "https://login.example", "Content-Length": "1000000000"}
    server.before = lambda number, attempt: (302, head, b"x")
    server.held = threading.Event()
    try:
        with pytest.raises(PullError, match=r"page 1: found status 302, a redirect to 'login\.example'"):
            fetch(landing, server, most_page_seconds=2)
    finally:
        server.held.set()


def test_retry_after_is_obeyed(
    landing: Path, start: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time.sleep", waited.append)
    server = start()
    server.before = lambda number, attempt: (429, {"Retry-After": "7"}, b"") if attempt == 1 else None
    fetch(landing, server)
    assert waited == [7] * 4
    # Longer than anyone waits: as long as is bearable.
    waited.clear()
    server = start()
    server.before = lambda number, attempt: (503, {"Retry-After": "86400"}, b"") if attempt == 1 else None
    fetch(landing / "other", server)
    assert waited == [pages.MOST_WAIT_SECONDS] * 4


def test_an_answer_that_breaks_off_is_asked_for_again(landing: Path, start: Callable[..., Gateway]) -> None:
    server, waits = start(), list[float]()
    server.cut_at = {2: 10}
    assert fetch(landing, server, waits).rows == 5
    assert server.asked == [1, 2, 2, 3, 4]
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {"Content-Type": "text/html"}, b"<html>"), "found content of type text/html, expected application/json"),
        ((200, {"Content-Type": "application/json"}, b'{"data": ['), "found text that is no JSON"),
        ((200, {"Content-Type": "application/json"}, b"[]"), r"found JSON without that \(list\)"),
        ((200, {"Content-Type": "application/json"}, b'{"rows": []}'), r"found JSON without that \(dict\)"),
        (page([{}, {}, {}]), "found 3 rows, expected at most 2"),
        (page([{}], total="many"), "found a total that is no number"),
        (page(THREE[0]), "found the rows of page 1 once more"),
        ((200, {"Content-Type": "application/json"}, b" " * 100_001), "found more than 100000 bytes unpacked"),
        (bomb(), "found more than 100000 bytes unpacked"),
        ((200, {"Content-Type": "application/json"}, b'{"data": ' + b"[" * 45_000 + b"]" * 45_000 + b"}"),
         "found JSON of thousands of levels"),
    ],
    ids=["html", "half", "list", "no data", "too many", "total", "repeated", "large", "bomb", "deep"],
)  # fmt: skip
def test_what_is_no_page_stops_the_pull_and_says_which(
    landing: Path, start: Callable[..., Gateway], answer: Answer, message: str
) -> None:
    server = start()
    server.before = lambda number, attempt: answer if number == 2 else None
    with pytest.raises(PullError, match=f"page 2: {message}"):
        fetch(landing, server)
    assert landed(landing) == []
    # Put right, it goes on with that page; where that page is good and the others are not, with the first.
    server.before = lambda number, attempt: None
    assert fetch(landing, server).fetched == (4 if "once more" in message else 3)
    assert landed(landing) == THREE


def test_pages_that_contradict_each_other_are_asked_for_anew(
    landing: Path, start: Callable[..., Gateway]
) -> None:
    """The data changed between two pages, or the gateway counted wrong. Pages that were kept would say so for ever."""
    server = start()
    server.total = 3
    with pytest.raises(PullError, match=r"found 4 rows on 2 pages, expected 3.*asks for all pages again"):
        fetch(landing, server)
    server.total = 5
    assert fetch(landing, server).fetched == 3
    assert (server.asked, landed(landing)) == ([1, 2, 1, 2, 3], THREE)


def test_the_first_page_of_the_next_day_is_another_file(landing: Path, start: Callable[..., Gateway]) -> None:
    """A later file of the same name would be a correction of it. Nor does a correction that somebody landed under a day
    stand for what the gateway gives of that day."""
    server = start()
    gateway = known(server)
    fetch(landing, server)
    after = date(2026, 11, 25)
    by_hand = landing / "dossiers/2026-11-25/H19/2026-11-24-page-00001.json"
    by_hand.parent.mkdir(parents=True)
    by_hand.write_bytes(page(THREE[0])[2])
    made = pull(landing, gateway, after, partial(Pages, gateway, after, TOKEN))
    assert (made.rows, made.fetched, len(made.files)) == (5, 4, 3)
    names = [file.name for file in scan(landing, "dossiers").files]
    assert names.count("2026-11-24-page-00001.json") == 2
    assert names.count("2026-11-25-page-00001.json") == 1


def test_a_pull_that_was_killed_while_it_landed_goes_on_whatever_was_agreed_since(
    landing: Path, start: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a day must not pass for the whole of it: not with pages of another size either."""
    server, rename = start(), os.replace

    def dies(source: Path, target: Path) -> None:
        if Path(target).name == "2026-11-24-page-00002.json":
            raise KeyboardInterrupt
        rename(source, target)

    monkeypatch.setattr(os, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        fetch(landing, server)
    assert landed(landing) == THREE[:1]
    monkeypatch.setattr(os, "replace", rename)
    assert begun_days(landing, known(server)) == [DAY]
    assert len(fetch(landing, server, page_size=100).files) == 3
    assert (server.asked, landed(landing), begun_days(landing, known(server))) == ([1, 2, 3, 4], THREE, [])


def test_a_total_is_held_against_what_came(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    server.total = 6
    with pytest.raises(PullError, match="found 5 rows on 4 pages, expected 6"):
        fetch(landing, server)
    server = start()
    server.total = 3
    with pytest.raises(PullError, match="page 2: found 4 rows on 2 pages, expected 3"):
        fetch(landing / "more", server)
    server = start()
    server.before = lambda number, attempt: page(THREE[number - 1], total=4 + number)
    with pytest.raises(PullError, match="page 2: found total 6 after 5, expected the same on every page"):
        fetch(landing / "other", server)


def test_pages_without_end_are_given_up(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    server.before = lambda number, attempt: page([{"n": number}, {"n": -number}])
    with pytest.raises(PullError, match="found no last page, expected one within 5"):
        fetch(landing, server, most_pages=5)
    assert server.asked == [1, 2, 3, 4, 5]


def test_bytes_of_a_day_are_bounded(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start([[{"text": f"{number}" * 1000}] for number in range(9)])
    with pytest.raises(PullError, match="page 4: found more than 4000 bytes a day"):
        fetch(landing, server, most_bytes=4000)
    assert landed(landing) == []


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.parametrize(
    "said",
    [b"", HEAD + b"X-Long: ", HEAD + b"Content-Length: 99999\r\n\r\n",
     HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{ \r\n"],
    ids=["silent", "head", "body", "chunks"],
)  # fmt: skip
def test_a_gateway_that_never_ends_is_given_up_in_time(landing: Path, said: bytes) -> None:
    """It sends a byte now and then, so that no time-out between two bytes is ever reached."""
    given_up = threading.Event()

    class Slow(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.sendall(said)
            while said and not given_up.wait(0.1):
                try:
                    self.request.sendall(b"2" if b"Content" in said else b"x")
                except OSError:
                    break
            given_up.wait()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        gateway = Known(
            sender="H19",
            source="dossiers",
            url=f"http://127.0.0.1:{server.server_address[1]}",
            token_from="SERVICE_INDEX_TOKEN_H19",
            first_day=DAY,
            most_page_seconds=1,
        )
        begun = time.monotonic()
        with pytest.raises(PullError, match="page 1: found no whole page within 1 seconds"):
            pull(landing, gateway, DAY, partial(Pages, gateway, DAY, TOKEN))
        assert time.monotonic() - begun < 10
        given_up.set()
        server.shutdown()


def test_a_gateway_has_its_share_of_a_night_and_no_more(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    gateway = known(server)
    with pytest.raises(PullError, match="found no whole page within 0 seconds"):
        pull(landing, gateway, DAY, partial(Pages, gateway, DAY, TOKEN, most_seconds=0))
    over = gateway.model_copy(update={"most_seconds": 0})
    with pytest.raises(PullError, match="found no whole page within 0 seconds"):
        pull(landing, over, DAY, partial(Pages, over, DAY, TOKEN))
    assert fetch(landing, server).rows == 5


def test_nobody_there_is_told_without_the_token(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    server.server.shutdown()
    server.server.server_close()
    with pytest.raises(PullError, match=r"found no whole answer \(ConnectionError\)") as told:
        fetch(landing, server)
    assert TOKEN not in str(told.value)


def test_only_a_certificate_that_can_be_verified_is_taken(
    landing: Path, start: Callable[..., Gateway], tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = start(tls=context)
    with pytest.raises(PullError, match="found a certificate that cannot be verified"):
        fetch(landing, server)
    assert server.asked == []
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    gateway = known(server)
    made = pull(landing, gateway, DAY, partial(Pages, gateway, DAY, TOKEN, certificates=str(trusted)))
    assert made.rows == 5


def test_pages_on_their_way_are_for_nobody_else(landing: Path, start: Callable[..., Gateway]) -> None:
    server = start()
    server.before = lambda number, attempt: (404, {}, b"") if number == 3 else None
    with pytest.raises(PullError):
        fetch(landing, server)
    kept = sorted((landing / WORK).rglob("*.json"))
    assert [path.name for path in kept] == ["page-00001.json", "page-00002.json"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    assert stat.S_IMODE((landing / WORK).stat().st_mode) == 0o700
    assert scan(landing, "dossiers").files == ()


KILLED = """
import os, signal, sys
from datetime import date
from functools import partial
from pathlib import Path
from orchestration.extraction.gateways import Gateway
from orchestration.extraction.pages import Pages
from orchestration.extraction.pull import pull
landing, url, number = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
renames = 0
def hook(event, arguments):
    global renames
    if event == "os.rename" and str(arguments[0]).startswith(str(landing)):
        renames += 1
        if renames == number:
            os.kill(os.getpid(), signal.SIGKILL)
gateway = Gateway(sender="H19", source="dossiers", url=url, token_from="SERVICE_INDEX_TOKEN_H19",
                  first_day=date(2026, 11, 24), page_size=2, most_page_bytes=100_000, most_pages=50)  # fmt: skip
sys.addaudithook(hook)
pull(landing, gateway, date(2026, 11, 24), partial(Pages, gateway, date(2026, 11, 24), "token"))
"""


@pytest.mark.parametrize("rename", range(1, 7))
def test_a_pull_that_was_killed_goes_on_after_its_last_whole_page(
    landing: Path, start: Callable[..., Gateway], rename: int
) -> None:
    """Three renames keep whole pages, three more land them: killed before each, the outcome is the same."""
    server = start()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(landing), server.url, str(rename)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, check=False,
    )  # fmt: skip
    assert done.returncode == -9
    before = len(server.asked)
    assert before == min(rename, 4)
    made = fetch(landing, server)
    # The page that was not kept is asked for again, and no other but the empty one after the last.
    assert made.fetched == max(0, 5 - rename)
    assert landed(landing) == THREE
    assert not any((landing / WORK).rglob("*.json"))
