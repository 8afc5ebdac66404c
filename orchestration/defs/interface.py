"""Dagster's interface and what runs by itself, on this machine alone: `bin/service-index dev`.

Dagster's own web server does what any page in the operator's browser asks of it: it takes mutations by GET and as
forms, from any origin, under any host name (docs/adr/0034-the-interface-is-guarded.md). Belongs here: the guard in
front of it, and starting it beside the daemon. Does not belong here: who may log in, which is a proxy's work
(docs/security.md).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dagster_webserver import app as webserver_app
from dagster_webserver.cli import dagster_webserver
from dagster_webserver.webserver import DagsterWebserver
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from orchestration.defs.dead_runs import end_dead_runs
from orchestration.defs.instance import instance_of
from orchestration.folders import UMASK, protect
from orchestration.settings import Settings

LOOPBACK = "127.0.0.1"
DEFINITIONS = ("--module-name", "orchestration.definitions")
#: Seconds that the daemon and the server have to end by themselves.
GRACE = 30.0


class UnusableOriginError(ValueError):
    """`SERVICE_INDEX_UI_ORIGINS` names something else than addresses of a proxy."""


def origins_of(settings: Settings, port: int) -> tuple[str, ...]:
    """Whose pages may use the interface: its own, and those of a proxy that asks for a login.

    Raises UnusableOriginError.
    """
    for origin in settings.ui_origins:
        parts = urlsplit(origin)
        if not parts.hostname or origin != f"https://{parts.netloc}" or "@" in origin or "*" in origin:
            raise UnusableOriginError(
                f"found {origin!r} in SERVICE_INDEX_UI_ORIGINS, expected https://<host>[:<port>] as a browser shows"
                " it, without a path; several are separated by blanks"
            )
    return f"http://localhost:{port}", f"http://{LOOPBACK}:{port}", *settings.ui_origins


def refusal(scope: Scope, origins: Collection[str]) -> str | None:
    """Why a request (HTTP or websocket) is refused, or None.

    A browser says where a page came from in `Origin` and `Sec-Fetch-Site`, which the page cannot change. What carries
    neither is no browser. A page elsewhere cannot send JSON without asking first, which Dagster never grants.
    """
    headers = Headers(scope=scope)
    foreign = [origin for origin in headers.getlist("origin") if origin not in origins]
    if foreign:
        return f"found a page of {foreign[0]!a}, expected one of {', '.join(origins)}"
    is_read = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
    sites = headers.getlist("sec-fetch-site")
    is_link = (headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest")) == ("navigate", "document")
    if not set(sites) <= {"same-origin", "none"} and not (is_read and is_link):
        return f"found a request that a page of another site makes ({sites[0]!a}), expected one of our own"
    if scope["type"] == "http" and not is_read:
        kinds = headers.getlist("content-type")
        if [kind.split(";")[0].strip().lower() for kind in kinds] != ["application/json"]:
            return f"found {scope['method']} of {kinds!a}, expected application/json"
    return None


class Guard:
    """Refuses what `refusal` names, before anything of Dagster sees it."""

    def __init__(self, app: ASGIApp, origins: Collection[str]) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        why = refusal(scope, self.origins) if scope["type"] in ("http", "websocket") else None
        if why is None:
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse(f"refused: {why}\n", status_code=403)(scope, receive, send)


def serve(settings: Settings, port: int) -> None:
    """Run the guarded web server until it is ended. Raises UnusableOriginError, AttributeError where Dagster makes its
    server otherwise than it did.
    """
    origins = origins_of(settings, port)
    hosts = sorted({str(urlsplit(origin).hostname) for origin in origins})

    class GuardedWebserver(DagsterWebserver[Any, Any]):
        def build_middleware(self) -> list[Middleware]:
            return [
                Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
                Middleware(Guard, origins=origins),
                *super().build_middleware(),
            ]

        async def graphql_http_endpoint(self, request: Request) -> Response:
            # A link is enough to make a browser send a GET: it may show the page for queries, and run none.
            if request.method != "POST" and "text/html" not in request.headers.get("accept", ""):
                return PlainTextResponse("refused: found GET, expected POST\n", status_code=405)
            answer: Response = await super().graphql_http_endpoint(request)
            return answer

    maker: Any = webserver_app  # which does not export the name by which it makes its server
    if maker.DagsterWebserver is not DagsterWebserver:
        raise AttributeError(
            "dagster_webserver.app makes no DagsterWebserver; the interface would have no guard"
        )
    maker.DagsterWebserver = GuardedWebserver
    dagster_webserver.main(["--host", LOOPBACK, "--port", str(port), *DEFINITIONS])


def run(settings: Settings, port: int) -> int:
    """Web server and daemon, until one of them ends or this process is ended; 1 where one ended by itself.

    Raises UnusableOriginError.
    """
    origins_of(settings, port)
    os.umask(UMASK)  # of all that both write
    with instance_of(settings) as instance:
        end_dead_runs(instance, settings.data, tags={})
    protect(settings.data)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: both are ended in order
    commands = (
        [sys.executable, "-m", "orchestration.defs.interface", str(port)],
        [str(Path(sys.executable).with_name("dagster-daemon")), "run", *DEFINITIONS],
    )
    started = [subprocess.Popen(command, cwd=settings.repository) for command in commands]
    try:
        os.wait()
    except KeyboardInterrupt:
        return 0
    else:
        return 1
    finally:
        for process in started:
            process.terminate()
        for process in started:
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()


if __name__ == "__main__":
    serve(Settings.from_environment(), int(sys.argv[1]))
