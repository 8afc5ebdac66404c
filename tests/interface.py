"""Dagster's interface, as `bin/service-index dev` starts it, asked as a browser would.

Belongs here: the real server and daemon on a data folder. Does not belong here: anything that a test asserts of them.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.typing import Origin, Subprotocol

from orchestration.settings import REPOSITORY

CHANGED = "{ instance { concurrencyLimits { concurrencyKey } } }"
#: Seconds in which it starts, and ends.
START = 120.0
#: Seconds that a run may take to its next event, and what ends one.
RUN = 300.0
ENDS = {"RunSuccessEvent", "RunFailureEvent", "RunCanceledEvent"}


@dataclass(frozen=True)
class Interface:
    """A server that runs, asked as a browser would."""

    port: int
    data: Path
    process: subprocess.Popen[str]
    #: Reads what all of its processes print, which would wait for a reader else, and ends with the last of them.
    listener: threading.Thread

    def ask(
        self, method: str, path: str, body: str | None = None, **headers: str | list[str]
    ) -> tuple[int, str]:
        """Status and text. Header names are written with `_`; `Host` is the own one unless it is given."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, values in {"Host": f"localhost:{self.port}", **given}.items():
            for value in values if isinstance(values, list) else [values]:
                connection.putheader(name, value.replace("OWN", f"http://localhost:{self.port}"))
        encoded = (body or "").encode()
        connection.putheader("Content-Length", str(len(encoded)))
        connection.endheaders(encoded)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    def query(self, text: str, **headers: str | list[str]) -> Any:
        status, answer = self.ask(
            "POST", "/graphql", json.dumps({"query": text}), **{"Content_Type": "application/json", **headers}
        )
        assert status == 200, answer
        return json.loads(answer)["data"]

    def is_changed(self) -> bool:
        limits = self.query(CHANGED)["instance"]["concurrencyLimits"]
        return "forged" in [limit["concurrencyKey"] for limit in limits]

    def launch(self, config: Mapping[str, Any], tags: str = "[]", **headers: str | list[str]) -> str:
        """Launch a run of the job, as the page does on a click; its id."""
        launched = self.query(launching(config, tags), **headers)["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return str(launched["run"]["runId"])

    def ended(self, run_id: str) -> str:
        """Wait for a run's end, which is said to whoever subscribes to its log."""
        log = f"""subscription {{ pipelineRunLogs(runId: "{run_id}") {{
            ... on PipelineRunLogsSubscriptionSuccess {{ messages {{ __typename }} }}
        }} }}"""
        with connect(
            f"ws://localhost:{self.port}/graphql", origin=Origin(f"http://localhost:{self.port}"),
            subprotocols=[Subprotocol("graphql-ws")],
        ) as socket:  # fmt: skip
            socket.send(json.dumps({"type": "connection_init"}))
            socket.send(json.dumps({"type": "start", "id": "1", "payload": {"query": log}}))
            while True:
                said = json.loads(socket.recv(RUN)).get("payload") or {}
                events = (said.get("data") or {}).get("pipelineRunLogs", {}).get("messages", ())
                for name in ENDS & {event["__typename"] for event in events}:
                    return name


def launching(config: Mapping[str, Any], tags: str = "[]") -> str:
    """The mutation with which the page launches the job."""
    return f"""mutation {{ launchRun(executionParams: {{
        selector: {{repositoryLocationName: "orchestration.definitions", repositoryName: "__repository__",
                   jobName: "refresh"}},
        runConfigData: {json.dumps(json.dumps(config))}, executionMetadata: {{tags: {tags}}}
    }}) {{ __typename ... on LaunchRunSuccess {{ run {{ runId }} }} ... on PythonError {{ message }} }} }}"""


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(data: Path, **variables: str) -> Iterator[Interface]:
    """Server and daemon on this data folder, until they are not needed any more."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "SERVICE_INDEX_DATA": str(data), **variables}
    environment.pop("DAGSTER_HOME", None)
    process = subprocess.Popen(
        [REPOSITORY / "bin" / "service-index", "dev", "--port", str(port)], env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        # Its own word that it will listen in a moment; a process that ends before closes the pipe.
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "Serving dagster-webserver" in line:
                break
        else:
            raise AssertionError("".join(said))
        until = time.monotonic() + START
        while process.poll() is None and not listens(port):
            assert time.monotonic() < until, "".join(said)
        listener = threading.Thread(target=process.stdout.read, daemon=True)
        listener.start()
        yield Interface(port, data, process, listener)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
