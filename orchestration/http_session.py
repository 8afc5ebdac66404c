"""Calls over HTTP that give up in bounded time and try again only where that can help.

Belongs here: the one retry policy, and what holds of every call. Does not belong here: what is called (`pull`, `alerts`),
and calls of which each is counted, which try again by themselves (`portal.calls`).
"""

from __future__ import annotations

from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from orchestration.harmless_text import quoted

#: The server is busy or broken at this moment. Any other answer will be the same the next time.
PASSING = (429, 500, 502, 503, 504)


class RedirectError(requests.RequestException):
    """An answer leads elsewhere: `status`, and `found`, which says it in words, with the host and no more of the address,
    for the rest may hold a key.
    """

    def __init__(self, status: int, location: str) -> None:
        self.status = status
        self.found = f"status {status}, a redirect to {_host(location)}"
        super().__init__(self.found)


def single_calls() -> requests.Session:
    """A session that tries nothing again, and raises RedirectError for an answer that leads elsewhere. Certificates are
    verified; proxies and passwords of the environment (.netrc) are not used. So a token goes nowhere else.
    """
    made = requests.Session()
    made.trust_env = False
    made.hooks["response"].append(_refuse_redirect)
    return made


def _refuse_redirect(answer: requests.Response, **_: object) -> None:
    """A hook, for even where it follows none, the library reads all of a redirect, without a bound, and where it leads,
    which it need not be able to read.
    """
    if answer.is_redirect:
        answer.close()
        raise RedirectError(answer.status_code, answer.headers["Location"])


def _host(location: str) -> str:
    try:
        host = urlsplit(location).hostname
    except ValueError:
        return "what is no address"
    return quoted(host) if host else "the same host"


def session(retries: int, backoff_seconds: float, most_wait_seconds: int) -> requests.Session:
    """`single_calls`, but it tries again after connection errors, time-outs and `PASSING`, waiting twice as long each
    time.

    `Retry-After` (seconds or a date) is obeyed up to `most_wait_seconds`. The last answer is given whatever its status;
    connection errors raise requests.RequestException.
    """
    made = single_calls()
    policy = Retry(
        total=retries,
        other=0,  # a certificate that cannot be verified will not verify the next time
        backoff_factor=backoff_seconds,
        backoff_max=most_wait_seconds,
        status_forcelist=PASSING,
        allowed_methods={"GET", "POST"},
        respect_retry_after_header=True,
        retry_after_max=most_wait_seconds,
        raise_on_status=False,
        redirect=False,
    )
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=policy))
    return made
