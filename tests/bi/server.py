"""A PostgreSQL server of its own for tests and for `make bench-peers`, on a socket in a folder of its own.

Belongs here: finding the server's programs, starting and stopping it, databases in it. Does not belong here: anything a
test asserts.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString
from urllib.parse import quote

import psycopg

PROGRAMS = Path("/usr/lib/postgresql")
MISSING = f"{PROGRAMS}: found no PostgreSQL; expected Debian's package `postgresql`; run: make test-bi"
PASSWORD = "p@ss:w/ord đ"
#: The server refuses to be root.
SERVER_USER = "postgres"


@dataclass(frozen=True)
class Server:
    """A running server. `folder` holds its socket."""

    folder: Path

    @property
    def process(self) -> int:
        """The id of the process that all others of the server are children of."""
        return int((self.folder / "data" / "postmaster.pid").read_text(encoding="utf-8").split()[0])

    def url(self, database: str, user: str = SERVER_USER, password: str = PASSWORD) -> str:
        """How a client gets in."""
        host = quote(str(self.folder), safe="")
        return f"postgresql://{quote(user)}:{quote(password, safe='')}@/{database}?host={host}"

    def new_database(self, name: str) -> str:
        """An empty database; gives its address."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'create database "{name}"'.encode())
        return self.url(name)

    def reader_of(self, url: str) -> str:
        """Another way into the database of `url`: as a user of a BI tool, who is given the role of readers."""
        with psycopg.connect(url, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute(
                f"""do $$ begin create role bi_reader nologin; exception when duplicate_object then null; end $$;
                create role "report {name}" login password 'r' in role bi_reader""".encode()
            )
        return self.url(name, f"report {name}", "r")


@contextmanager
def running(*settings: str) -> Iterator[Server]:
    """A new server, gone at the end with all it held; `settings` are further ones of it, `name=value`."""
    found = sorted(PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise FileNotFoundError(MISSING)
    # Not below pytest's own folder, which nobody but its user may pass through; and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="bi-"))
    try:
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        _give_away(folder)
        data = folder / "data"
        _call(
            found[-1] / "initdb", "--pgdata", data, "--username", SERVER_USER, "--auth", "scram-sha-256",
            "--pwfile", folder / "password", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        )  # fmt: skip
        control = (found[-1] / "pg_ctl", "--pgdata", data, "--wait", "--log", folder / "log")
        options = (
            f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off -c max_connections=50"
            + "".join(f" -c {setting}" for setting in settings)
        )
        _call(*control, "--options", options, "start")
        try:
            yield Server(folder)
        finally:
            _call(*control, "--mode", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def rows(url: str, query: LiteralString, *values: object) -> list[tuple[Any, ...]]:
    """What a session of its own finds."""
    with psycopg.connect(url) as connection:
        return connection.execute(query, values).fetchall()


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            shutil.chown(path, SERVER_USER, SERVER_USER)


def _call(*words: str | Path) -> None:
    user: dict[str, Any] = (
        {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": ()} if os.geteuid() == 0 else {}
    )
    done = subprocess.run(words, cwd="/", check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, **user)  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]}: {done.stdout}")
