"""What keeps an answer within its limits: as many bytes as are allowed, in as much time.

Here: the two bounds, for whatever is fetched. Not here: what they are, and what it means when one is reached (`pages`,
`portal.calls`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

import requests

Made = TypeVar("Made")
_BLOCK = 64 * 1024


class TooLargeError(Exception):
    """An answer has more bytes than are allowed."""


def in_time(seconds: float, make: Callable[[], Made]) -> Made:
    """What `make` gives, or raises. Raises TimeoutError after `seconds`.

    Time-outs of the library begin again with each byte. Who is still at it then is left alone, not waited for.
    """
    made: Future[Made] = Future()

    def try_it() -> None:
        try:
            made.set_result(make())
        except BaseException as error:  # noqa: BLE001  (raised by `result`, in the thread that waits)
            made.set_exception(error)

    threading.Thread(target=try_it, daemon=True).start()
    return made.result(timeout=seconds)


def received(answer: requests.Response, most_bytes: int) -> bytes:
    """The body of an answer that streams, unpacked. Raises TooLargeError before more is held, and
    requests.RequestException.
    """
    body = bytearray()
    for block in answer.iter_content(_BLOCK):
        body += block
        if len(body) > most_bytes:
            raise TooLargeError
    return bytes(body)
