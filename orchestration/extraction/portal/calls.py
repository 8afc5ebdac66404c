"""One question over HTTP: asked at the agreed pace, received within limits, and tried again only where that is polite.

Here: the request, the pauses, what passes by itself, and what is a refusal. Not here: what an answer says (`answers`),
and what follows from a refusal (`breaker`).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import requests

from orchestration.extraction.limits import TooLargeError, in_time, received
from orchestration.extraction.portal.agreement import Agreement
from orchestration.extraction.portal.questions import GO_ON, CaptureError, Question, stopped
from orchestration.http_session import RedirectError, single_calls

#: The first wait is as long as this, each one after it twice as long as the one before.
TRIES, BACKOFF_SECONDS = 4, 20.0
_TAKEN, _BROKEN = (200, 201), 500
_REFUSALS = (401, 403, 429)
_REJECTION = b"request rejected"
_LATER = f"see whether the portal is up, then {GO_ON}"
_jitter = random.SystemRandom().uniform


class RefusedError(CaptureError):
    """The portal does not want to be asked. `reason` is what it answered."""

    def __init__(self, question: Question, reason: str) -> None:
        refusal = stopped(
            question, reason, "an answer", "nobody asks again until a person has closed the breaker"
        )
        super().__init__(str(refusal))
        self.question, self.reason = question, reason


class _PassingError(Exception):
    """May be otherwise in a moment."""


@dataclass(frozen=True)
class Received:
    """What came: the status and the body, unchanged."""

    status: int
    text: str


class Calls:
    """Questions to the portal, one at a time. A context: it holds a connection."""

    def __init__(
        self,
        agreement: Agreement,
        user_agent: str,
        count: Callable[[Question], None],
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        """`count` is told of each request before it is sent, and raises where there may be no more of them."""
        self.agreement, self.count, self.wait = agreement, count, wait
        self.until = time.monotonic() + agreement.most_seconds
        self.is_first = True
        self.session = single_calls()
        self.session.headers["User-Agent"] = user_agent
        self.session.headers["Accept"] = "application/json"

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def ask(self, question: Question) -> Received:
        """The answer to `question`. Raises RefusedError, and CaptureError for all else that is none."""
        found = ""
        for attempt in range(TRIES):
            self._pause(BACKOFF_SECONDS * 2 ** (attempt - 1) if attempt else 0)
            try:
                return self._within_limits(question)
            except _PassingError as error:
                found = str(error)
        raise stopped(question, f"{found}, {TRIES} times", "an answer", _LATER)

    def _pause(self, more: float) -> None:
        if not self.is_first:
            self.wait(self.agreement.pause_seconds + _jitter(0, self.agreement.jitter_seconds) + more)
        self.is_first = False

    def _within_limits(self, question: Question) -> Received:
        left = self.until - time.monotonic()
        if left <= 0:
            raise stopped(question, f"no whole capture within {self.agreement.most_seconds:g} seconds", "one within"
                          " most_seconds", f"{GO_ON}, or raise the limit")  # fmt: skip
        self.count(question)
        seconds = min(self.agreement.most_answer_seconds, left)
        try:
            return in_time(seconds, partial(self._receive, question))
        except TimeoutError:
            # Not tried again: whoever sends so slowly is still sending, and would be asked twice at once.
            found = f"no whole answer within {round(seconds, 1):g} seconds"
            raise stopped(
                question, found, "one within most_answer_seconds and most_seconds", _LATER
            ) from None

    def _receive(self, question: Question) -> Received:
        timeout = (self.agreement.connect_seconds, self.agreement.read_seconds)
        try:
            with self.session.post(f"{self.agreement.url}{question.path}", json=question.body, timeout=timeout,
                                   stream=True, allow_redirects=False) as answer:  # fmt: skip
                return self._read(question, answer)
        except RedirectError as error:
            raise stopped(question, error.found, "an answer", "follow it by hand; if the interface has moved,"
                          " change url in portal.yml") from None  # fmt: skip
        except requests.exceptions.SSLError:
            raise stopped(question, "a certificate that cannot be verified", "one of a known authority",
                          "do not go on without: ask the portal's people") from None  # fmt: skip
        except requests.exceptions.ContentDecodingError:
            raise stopped(question, "a body that cannot be unpacked", "gzip or plain text") from None
        except requests.exceptions.ConnectTimeout:
            raise _PassingError(f"no connection within {timeout[0]:g} seconds") from None
        except requests.exceptions.ReadTimeout:
            raise _PassingError(f"no byte within {timeout[1]:g} seconds") from None
        except requests.RequestException as error:
            # Not what the library says of it, which holds addresses.
            raise _PassingError(f"a connection that broke off ({type(error).__name__})") from None

    def _read(self, question: Question, answer: requests.Response) -> Received:
        status = answer.status_code
        if status in _REFUSALS:
            raise RefusedError(question, f"status {status}")
        try:
            body = received(answer, self.agreement.most_answer_bytes)
        except TooLargeError:
            raise stopped(question, f"more than {self.agreement.most_answer_bytes} bytes unpacked", "an answer within"
                          " most_answer_bytes", "see what it is, or raise the limit") from None  # fmt: skip
        # The firewall's page comes with any status, and any type of content.
        if body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") and _REJECTION in body.lower():
            raise RefusedError(question, f'status {status} and the page "Request Rejected"')
        if status >= _BROKEN:
            raise _PassingError(f"status {status}")
        if status not in _TAKEN:
            raise stopped(question, f"status {status}", "status 201")
        try:
            return Received(status, body.decode())
        except UnicodeDecodeError:
            raise stopped(question, "text that is not UTF-8", "JSON in UTF-8") from None
