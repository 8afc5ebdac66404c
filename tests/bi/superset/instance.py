"""An Apache Superset of a test's own: its metadata, its commands, its server, asked as its page asks it.

Belongs here: starting, stopping and asking it. Does not belong here: anything a test asserts.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from orchestration.http_session import session
from orchestration.settings import REPOSITORY

PROGRAMS = REPOSITORY / ".venv-superset" / "bin"
MISSING = f"{PROGRAMS}: found no Superset; expected an environment of its own; run: make test-bi"
CONFIG = Path(__file__).with_name("superset_config.py")
ADMIN = "admin"
#: Of a command: Superset takes some ten seconds to come up. Of a query: those are small.
COMMAND_SECONDS, ANSWER_SECONDS = 180, 60
#: The server is asked for its health until it is up, for about a minute: with growing pauses, at most a second each.
TRIES, PAUSE, MOST_PAUSE = 90, 0.05, 1


@dataclass(frozen=True)
class Superset:
    """One installation. `folder` holds its metadata and the logs of its server."""

    folder: Path
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)

    @property
    def metadata(self) -> Path:
        return self.folder / "metadata.db"

    def environment(self) -> dict[str, str]:
        """Without what is set for the project's own Python."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "FLASK"))}
        return {
            **kept,
            "PYTHONUTF8": "1",
            "PATH": f"{PROGRAMS}:{os.environ['PATH']}",
            "FLASK_APP": "superset.app:create_app()",
            "SUPERSET_HOME": str(self.folder),
            "SUPERSET_CONFIG_PATH": str(CONFIG),
            "SUPERSET_TEST_KEY": self.key,
            "SUPERSET_TEST_METADATA": f"sqlite:///{self.metadata}",
        }

    def call(self, *words: str) -> None:
        """A command of Superset's."""
        self.shell([str(PROGRAMS / "superset"), *words], self.folder)

    def shell(self, words: list[str], folder: Path, **more: str) -> None:
        """Any command where Superset is installed. Raises RuntimeError with what it printed."""
        done = subprocess.run(
            words, cwd=folder, env={**self.environment(), **more}, check=False, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=COMMAND_SECONDS,
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stdout}")

    def set_up(self) -> None:
        """Make the metadata, the roles and an administrator, as an installation begins."""
        if not (PROGRAMS / "superset").exists():
            raise FileNotFoundError(MISSING)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.call("db", "upgrade")
        self.call("init")
        self.call("fab", "create-admin", "--username", ADMIN, "--firstname", "Test", "--lastname", "Admin",
                  "--email", "admin@example.invalid", "--password", self.password)  # fmt: skip

    def copy(self, folder: Path) -> Superset:
        """The same installation once more, with metadata of its own."""
        folder.mkdir(parents=True)
        shutil.copyfile(self.metadata, folder / self.metadata.name)
        return Superset(folder, self.key, self.password)

    @contextmanager
    def serving(self) -> Iterator[Page]:
        """Its server, for as long as the block lasts."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = [
            PROGRAMS / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "8",
            "--timeout", str(COMMAND_SECONDS), "superset.app:create_app()",
        ]  # fmt: skip
        with (
            (self.folder / "server.log").open("w") as log,
            subprocess.Popen(
                words,
                cwd=self.folder,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            ) as server,
        ):
            try:
                page = Page(f"http://127.0.0.1:{port}", self.password)
                page.log_in()
                yield page
            finally:
                server.terminate()


@dataclass
class Page:
    """A server that runs, asked over its interface as its administrator."""

    url: str
    password: str = field(repr=False)
    _headers: dict[str, str] = field(default_factory=dict, repr=False)

    def log_in(self) -> None:
        """Once it is up."""
        health = session(TRIES, PAUSE, MOST_PAUSE).get(f"{self.url}/health", timeout=ANSWER_SECONDS)
        assert health.text == "OK", health.text
        words = {"username": ADMIN, "password": self.password, "provider": "db"}
        token = self.asked("POST", "security/login", words)["access_token"]
        self._headers["Authorization"] = f"Bearer {token}"

    def asked(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What it answers. Raises requests.HTTPError where it refuses."""
        answer = self.answer(method, path, body)
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        """The answer whatever it is."""
        return session(0, 0, 0).request(
            method, f"{self.url}/api/v1/{path}", json=body, headers=self._headers, timeout=ANSWER_SECONDS
        )

    def every(self, kind: str) -> list[dict[str, Any]]:
        """All that it has of a kind (`chart`), in full."""
        listed = self.asked("GET", f"{kind}/?q=(page_size:100)")["result"]
        return [self.asked("GET", f"{kind}/{one['id']}")["result"] for one in listed]

    def sql_lab(self, statement: str) -> requests.Response:
        """A statement of somebody in SQL Lab, on the one database."""
        (database,) = self.asked("GET", "database/")["result"]
        return self.answer("POST", "sqllab/execute/", {
            "database_id": database["id"], "sql": statement, "schema": "marts", "runAsync": False,
            "client_id": secrets.token_hex(5), "queryLimit": 1000,
        })  # fmt: skip
