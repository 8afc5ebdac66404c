"""A session with PostgreSQL, that of the only publisher among them, and what is said where it fails.

Belongs here: connecting, limits of time, the lock of the one publisher, errors as sentences. Does not belong here: what
is published (`postgres`, `postgres_tables`). The password is in no message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from orchestration.commands import command
from orchestration.damage import RUNBOOK, Section
from orchestration.publishing.marts import PublishError
from orchestration.vietnam_time import ZONE

VARIABLE = "SERVICE_INDEX_POSTGRES_URL"
AGAIN = command("publish-postgres")
#: A unique constraint in which nulls are equal came with it.
OLDEST_SERVER = 150000
CONNECT_SECONDS = 10
_SETTINGS = {
    # Moments without a zone are local ones, and so is whatever a session makes of them.
    "TimeZone": ZONE,
    # The whole country, 3.8 million rows, takes some minutes in all: one statement that takes longer hangs.
    "statement_timeout": "30min",
    # For the lock of the one publisher: as long as the session of one that was killed may need to end. Readers are waited
    # for in another way (`postgres_locks`).
    "lock_timeout": "5s",
    # A publisher that was stopped within its transaction must not keep the lock of the one publisher for ever.
    "idle_in_transaction_session_timeout": "10min",
}
_ONE_PUBLISHER = "select pg_advisory_lock(hashtextextended('service index: one publisher', 0))"


class PostgresBehindError(PublishError):
    """PostgreSQL was not brought up to date. The files of the release are served all the same."""

    def __init__(self, found: str, action: str = "put it right") -> None:
        super().__init__(
            f"PostgreSQL: found {found}; expected the release that the files serve. It serves what it did, and the files"
            f" are served as they are; {action}, then: {AGAIN} ({RUNBOOK}, section '{Section.POSTGRES}')"
        )


@contextmanager
def publisher(url: str) -> Iterator[psycopg.Connection]:
    """The session of the only publisher at work. Raises as `session` does, and where there is another publisher."""
    with session(url) as postgres:
        try:
            postgres.execute(_ONE_PUBLISHER)
        except psycopg.errors.LockNotAvailable as error:
            raise PostgresBehindError(
                f"another publisher at work at {_where(url)}", "wait until it has ended"
            ) from error
        yield postgres


@contextmanager
def session(url: str) -> Iterator[psycopg.Connection]:
    """A session that commits each statement by itself.

    Raises PostgresBehindError for whatever the server refuses, within the block as well.
    """
    where = _where(url)
    try:
        # What the session says is UTF-8, whatever the database is written in.
        connected = psycopg.connect(
            url, autocommit=True, client_encoding="UTF8", connect_timeout=CONNECT_SECONDS,
            application_name="service-index",
        )  # fmt: skip
    except psycopg.Error as error:
        raise PostgresBehindError(
            f"no way in at {where}: {_said(error, url)}", f"look at the server and at {VARIABLE}"
        ) from None  # its frames hold the address as it was given
    try:
        with connected:
            _prepare(connected, where)
            yield connected
    except psycopg.Error as error:
        raise PostgresBehindError(f"an error at {where}: {_said(error, url)}") from error


def _prepare(postgres: psycopg.Connection, where: str) -> None:
    if postgres.info.server_version < OLDEST_SERVER:
        raise PostgresBehindError(
            f"version {postgres.info.parameter_status('server_version')} at {where}, too old",
            "use PostgreSQL 15 or newer",
        )
    for name, value in _SETTINGS.items():
        postgres.execute("select set_config(%s, %s, false)", (name, value))


def _where(url: str) -> str:
    """The address without its password. Raises PostgresBehindError for what is none."""
    try:
        parts = conninfo_to_dict(url)
        # With a sign of its own in it, a password is taken apart: into a port, a host, a database.
        names, port = f"{parts.get('host', '')}{parts.get('dbname', '')}", str(parts.get("port", ""))
        if "@" in names or re.search("[^0-9,]", port):
            raise psycopg.ProgrammingError
    except psycopg.Error:
        # What the client says of it repeats parts of it, a password among them.
        raise PostgresBehindError(
            f"in {VARIABLE} what is no address",
            "write postgresql://user:password@host:port/database, signs such as @ : / of a password as %40 %3A %2F",
        ) from None
    shown = {name: parts[name] for name in ("host", "port", "dbname", "user") if parts.get(name)}
    return make_conninfo("", **shown) or "the server that the environment names"


def _said(error: psycopg.Error, url: str) -> str:
    """What the server or its client said, in one line, without the password."""
    match error:
        case psycopg.errors.DiskFull():
            return "its disk is full"  # in words that are not those of our own disk
        case psycopg.errors.LockNotAvailable():
            return "a reader held what was waited for"
    # The server's sentence and its detail; a client that gets no answer has only words of its own.
    sentences = [error.diag.message_primary, error.diag.message_detail]
    lines = [line for line in sentences if line] or str(error).splitlines()
    text = "; ".join(line.strip() for line in lines if line.strip())
    password = conninfo_to_dict(url).get("password")
    return text.replace(str(password), "***") if password else text
