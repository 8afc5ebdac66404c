"""A gateway that behaves, or misbehaves as it is told: a real HTTP server on this machine.

Belongs here: what a gateway may do. Does not belong here: what a pull makes of it.
"""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, dict[str, str], bytes]
TOKEN = "token-nobody-may-see"


def page(rows: list[Any], **more: Any) -> Answer:
    """A good answer."""
    return 200, {"Content-Type": "application/json"}, json.dumps({"data": rows, **more}).encode()


class Gateway:
    """`pages` are what it has; `before` may answer a request in place of the page, told its number and try."""

    def __init__(self, pages: list[list[Any]], tls: ssl.SSLContext | None = None) -> None:
        self.pages = pages
        self.before: Callable[[int, int], Answer | None] = lambda number, attempt: None
        self.total: int | None = None
        self.asked: list[int] = []
        self.tokens: list[str | None] = []
        self.cut_at: dict[int, int] = {}
        #: Until it is set, an answer is not ended, whatever has been sent of it.
        self.held: threading.Event | None = None
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked = parse_qs(urlsplit(self.path).query)
                number = int(asked["page"][0])
                gateway.asked.append(number)
                gateway.tokens.append(self.headers.get("Authorization"))
                attempt = gateway.asked.count(number)
                status, headers, body = gateway.before(number, attempt) or gateway.answer(number)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                cut = gateway.cut_at.pop(number, None)
                self.wfile.write(body if cut is None else body[:cut])
                if gateway.held is not None:
                    gateway.held.wait()
                if cut is not None:
                    self.wfile.flush()
                    self.connection.close()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{self.server.server_port}/dossiers"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, number: int) -> Answer:
        rows = self.pages[number - 1] if number <= len(self.pages) else []
        return page(rows) if self.total is None else page(rows, total=self.total)


def bomb() -> Answer:
    """A few kilobytes that unpack to fifty megabytes."""
    packed = gzip.compress(b'{"data": [' + b" " * 50_000_000 + b"]}", mtime=0)
    return 200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, packed
