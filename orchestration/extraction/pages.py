"""One page of a gateway: asked for, received within limits, and looked at as far as needed to go on.

Here: the request, what is tried again and what is not, the size, and whether it is a page at all. Not here: which page
is next, and where it goes (`pull`).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

import requests

from orchestration.extraction.gateways import Gateway
from orchestration.extraction.limits import TooLargeError, in_time, received
from orchestration.harmless_text import quoted
from orchestration.http_session import RedirectError, session

RETRIES, BACKOFF_SECONDS, MOST_WAIT_SECONDS = 5, 1.0, 300
TIMEOUT_SECONDS = (10, 60)
_TOKEN_REFUSED = (401, 403)
#: What any answer may have: the envelope of the source contract, and the total that gateways.yml speaks of.
ENVELOPE = frozenset({"data", "isUpdating", "total"})
#: Of keys that nobody knows, so many are named.
_NAMED = 3


class PullError(Exception):
    """A pull stopped: which gateway and page, what was found, what was expected, what to do. Never holds a token."""


class ContradictionError(PullError):
    """Pages that do not belong together: the next pull asks for all of them."""


@dataclass(frozen=True)
class Page:
    """`body` as it was received, unpacked; `rows` is how many entries `data` has, `total` what the gateway says. Of equal
    entries `digest` is equal (SHA-256), whatever else the page says.
    """

    body: bytes
    rows: int
    total: int | None
    digest: bytes


class Pages:
    """The pages of one gateway for one day. A context: it holds a connection."""

    def __init__(
        self,
        gateway: Gateway,
        day: date,
        token: str,
        certificates: str | None = None,
        wait: Callable[[float], None] = time.sleep,
        most_seconds: float = float("inf"),
    ) -> None:
        """`certificates` is a file of further authorities to trust; `wait` is how it waits between tries of a body;
        `most_seconds` is what is left for all pages, if that is less than the gateway's own.
        """
        self.gateway, self.day, self.wait = gateway, day, wait
        self.until = time.monotonic() + min(gateway.most_seconds, most_seconds)
        self.calls = session(RETRIES, BACKOFF_SECONDS, MOST_WAIT_SECONDS)
        self.calls.headers["Authorization"] = f"Bearer {token}"
        self.calls.headers["Accept"] = "application/json"
        if certificates:
            self.calls.verify = certificates

    def __enter__(self) -> Pages:
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.close()

    def get(self, number: int) -> Page:
        """Page `number`, counted from 1. Raises PullError, also where it does not come in time."""
        seconds = min(self.gateway.most_page_seconds, self.until - time.monotonic())
        late = self._stopped(number, f"no whole page within {max(seconds, 0):.0f} seconds", "one within the gateway's"
                             " most_page_seconds and most_seconds, and the night's",
                             "see whether the gateway is up")  # fmt: skip
        if seconds <= 0:  # a page that is asked for all the same may be there before anybody waits for it
            raise late
        try:
            return in_time(seconds, partial(self._get, number))
        except TimeoutError:
            raise late from None

    def _get(self, number: int) -> Page:
        for attempt in range(RETRIES + 1):
            try:
                body = self._receive(number)
            except RedirectError as error:
                raise self._stopped(number, error.found, "status 200", "follow it by hand; if the gateway has moved,"
                                    " change url in gateways.yml") from None  # fmt: skip
            except (requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError) as error:
                # The answer broke off: before it began, the session has tried again by itself.
                if isinstance(error, requests.exceptions.SSLError) or attempt == RETRIES:
                    raise self._stopped(number, *_connection(error)) from error
                self.wait(min(BACKOFF_SECONDS * 2**attempt, MOST_WAIT_SECONDS))
                continue
            except requests.RequestException as error:
                raise self._stopped(number, *_connection(error)) from error
            return self.read(number, body)
        raise AssertionError("the last try returns or raises")

    def _receive(self, number: int) -> bytes:
        asked = {"date": self.day.isoformat(), "page": str(number), "size": str(self.gateway.page_size)}
        # A redirect would carry the token to wherever it leads.
        with self.calls.get(self.gateway.url, params=asked, timeout=TIMEOUT_SECONDS, stream=True,
                            allow_redirects=False) as answer:  # fmt: skip
            if answer.status_code in _TOKEN_REFUSED:
                raise self._stopped(number, f"status {answer.status_code}", "a token that the gateway takes",
                                    f"renew the token in {self.gateway.token_from}")  # fmt: skip
            if answer.status_code != requests.codes.ok:
                raise self._stopped(number, f"status {answer.status_code}", "status 200")
            kind = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
            if kind != "application/json":
                raise self._stopped(number, f"content of type {kind or 'unknown'}", "application/json")
            try:
                return received(answer, self.gateway.most_page_bytes)
            except TooLargeError:
                found = f"more than {self.gateway.most_page_bytes} bytes unpacked"
                raise self._stopped(number, found, "a page within most_page_bytes",
                                    "lower page_size, or raise the limit") from None  # fmt: skip

    def read(self, number: int, body: bytes) -> Page:
        """What `body`, received as page `number`, is as a page. Raises PullError."""
        expected = 'an object with a list "data"'
        try:
            document = json.loads(body)
            rows = document.get("data") if isinstance(document, dict) else None
            digest = _digest(rows)
        except RecursionError:
            raise self._stopped(number, "JSON of thousands of levels", expected) from None
        except ValueError as error:
            raise self._stopped(number, "text that is no JSON", expected) from error
        if not isinstance(rows, list):
            raise self._stopped(number, f"JSON without that ({type(document).__name__})", expected)
        if len(rows) > self.gateway.page_size:
            raise self._stopped(
                number, f"{len(rows)} rows", f"at most {self.gateway.page_size}, as was asked for"
            )
        total = document.get("total")
        if total is not None and not (isinstance(total, int) and total >= 0):
            raise self._stopped(number, "a total that is no number", "a whole number, or none")
        if not rows:
            self._check_empty(number, document)
        return Page(body, len(rows), total, digest)

    def _check_empty(self, number: int, document: dict[str, object]) -> None:
        """A page without rows ends a day, and is no such page where it says something else, such as an error."""
        known = ENVELOPE.union(self.gateway.more_keys)
        others = [key for key in document if key not in known]
        if others:
            *first, last = sorted(known)
            raise self._stopped(number, f"no rows, and {', '.join(map(quoted, others[:_NAMED]))}",
                                f"rows, or {', '.join(first)} and {last} alone", "ask the province; if that says nothing"
                                " of the rows, name it in more_keys in gateways.yml")  # fmt: skip

    def _stopped(self, number: int, found: str, expected: str, action: str = "ask the province") -> PullError:
        return stopped(self.gateway, self.day, number, found, expected, action)


def stopped(gateway: Gateway, day: date, number: int, found: str, expected: str, action: str) -> PullError:
    """The sentence of every fault of a page."""
    what = _sentence(gateway, day, number, found, expected, action)
    return PullError(f"{what}, then pull again: it goes on after the last whole page")


def contradicted(
    gateway: Gateway, day: date, number: int, found: str, expected: str, action: str
) -> ContradictionError:
    """The sentence of what is wrong with all pages so far."""
    what = _sentence(gateway, day, number, found, expected, action)
    return ContradictionError(f"{what}, then pull again: it asks for all pages again")


def _sentence(gateway: Gateway, day: date, number: int, found: str, expected: str, action: str) -> str:
    return f"{gateway.name} for {day}, page {number}: found {found}, expected {expected}; {action}"


def _digest(rows: object) -> bytes:
    """The same for equal rows, however they are spaced and in whichever order their fields are. Raises RecursionError."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).digest()


def _connection(error: Exception) -> tuple[str, str, str]:
    """Neither the address nor what the library says of it: both may hold more than should be logged."""
    if isinstance(error, requests.exceptions.SSLError):
        return (
            "a certificate that cannot be verified",
            "one of a known authority",
            "do not go on without: ask the province",
        )
    return f"no whole answer ({type(error).__name__})", "an answer in time", "see whether the gateway is up"
