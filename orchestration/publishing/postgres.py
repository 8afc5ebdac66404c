"""The served release in PostgreSQL, for BI tools that ask a server.

```
marts, closed                       what is served: the schemas of `serving/warehouse.duckdb`, swapped together
marts_next, closed_next             what is being loaded; left by a publisher that was killed, dropped by the next
marts_previous, closed_previous     what was served before
marts_retired_<n>                   what was served before that, while a reader still holds it
```

Belongs here: the order of steps: load, swap, drop. Does not belong here: tables (`postgres_tables`), the session and its
errors (`postgres_session`). docs/adr/0050-postgresql.md says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from orchestration.publishing.marts import SCHEMA, PublishError, relations
from orchestration.publishing.postgres_locks import drop_schema, rename_schemas
from orchestration.publishing.postgres_session import VARIABLE, PostgresBehindError, publisher, session
from orchestration.publishing.postgres_tables import make, run
from orchestration.publishing.release import Release, current
from orchestration.sql_text import identifier, literal
from orchestration.vietnam_time import SHOW_VIETNAM

#: The first says which release is served; the others are there where the release has them.
SCHEMAS = (SCHEMA, "closed")
#: How the comment of a schema begins that we made; the release follows.
MARK = "Service index, release "
READERS = "bi_reader"


@dataclass(frozen=True)
class InPostgres:
    """What PostgreSQL serves now. `is_new` is false where it did already, `was_quiet` where the swap was made beside a
    reader that held a table; `kept` are schemas that were not dropped, for a reader held them.
    """

    release_id: str
    is_new: bool
    was_quiet: bool = True
    kept: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """For people."""
        word = "published" if self.is_new else "unchanged, already served"
        beside = "PostgreSQL: a reader held a table for long, and the swap was made beside it"
        held = (
            f"PostgreSQL: a reader still holds {schema}, which the next publication drops"
            for schema in self.kept
        )
        return (
            f"PostgreSQL: release {self.release_id}: {word}",
            *([] if self.was_quiet else [beside]),
            *held,
        )


def publish_to_postgres(serving: Path, url: str) -> InPostgres:
    """Serve in PostgreSQL what `serving/current` leads to; nothing is loaded where it is served there already.

    Readers have the former release until all of this one is there. Raises PostgresBehindError: whatever fails, both
    PostgreSQL and the files serve what they did.
    """
    if not url:
        raise PostgresBehindError(
            f"nothing in {VARIABLE}", "set it to postgresql://user:password@host:port/database"
        )
    release = current(serving)
    if release is None:
        raise PublishError(f"{serving}: nothing is served; expected a release; run the refresh job")
    with publisher(url) as postgres:
        is_new = _served(postgres) != release.release_id
        _drop_leftovers(postgres)
        was_quiet = True
        if is_new:
            _load(postgres, release)
            was_quiet = _swap(postgres)
        return InPostgres(release.release_id, is_new, was_quiet, _drop_retired(postgres))


def served_in_postgres(url: str) -> str | None:
    """The release that PostgreSQL serves, also while another is loaded. Raises PostgresBehindError."""
    with session(url) as postgres:
        return _served(postgres)


def _served(postgres: psycopg.Connection) -> str | None:
    """The release that schema `marts` says it is: its comment changes places with it.

    Raises PostgresBehindError where somebody else's schema has a name of ours: it would be dropped one day.
    """
    comments = {
        schema: postgres.execute("select obj_description(%s::oid, 'pg_namespace')", (number,)).fetchall()[0][
            0
        ]
        for schema, number in _schemas(postgres, "%").items()
    }
    for schema, said in comments.items():
        if not str(said).startswith(MARK):
            raise PostgresBehindError(
                f"a schema {schema} that no publication made", "give it another name, or use another database"
            )
    return comments[SCHEMA].removeprefix(MARK) if SCHEMA in comments else None


def _load(postgres: psycopg.Connection, release: Release) -> None:
    _make_role(postgres)
    tables = release.manifest["tables"]
    try:
        with duckdb.connect(str(release.folder / "warehouse.duckdb"), read_only=True) as served:
            served.execute(SHOW_VIETNAM)
            for schema in SCHEMAS:
                _load_schema(postgres, served, schema, release.release_id, tables if schema == SCHEMA else {})
    except duckdb.Error as error:
        raise PostgresBehindError(
            f"the release's own file unreadable ({error})",
            "close the tool that holds it, or make the release again",
        ) from error


def _load_schema(
    postgres: psycopg.Connection,
    served: duckdb.DuckDBPyConnection,
    schema: str,
    release_id: str,
    tables: Mapping[str, Any],
) -> None:
    found = relations(served, schema)
    if not found:
        return
    aside = f"{schema}_next"
    name = identifier(aside)
    # Together: a schema without our mark is somebody else's.
    with postgres.transaction():
        run(postgres, f"create schema {name}")
        run(postgres, f"comment on schema {name} is {literal(MARK + release_id)}")
    # Before the first table: what is made in the schema from now on can be read, and only read.
    run(postgres, f"grant usage on schema {name} to {READERS}")
    run(postgres, f"alter default privileges in schema {name} grant select on tables to {READERS}")
    for relation in found:
        # A release of before keys were kept has none.
        key = tables.get(relation.name, {}).get("key", ())
        make(postgres, served, schema, aside, relation, () if relation.statement else key)


def _make_role(postgres: psycopg.Connection) -> None:
    if postgres.execute("select from pg_roles where rolname = %s", (READERS,)).fetchone() is not None:
        return
    try:
        run(postgres, f"create role {READERS} nologin")
    except psycopg.errors.InsufficientPrivilege as error:
        raise PostgresBehindError(
            f"no role {READERS}, nor the right to create it",
            f"let an administrator run once: create role {READERS} nologin",
        ) from error


def _swap(postgres: psycopg.Connection) -> bool:
    """What was loaded takes the place of what is served, and that of what was before. Gives whether nobody read."""
    found = _schemas(postgres, "%")
    moves = {
        name: new
        for schema in SCHEMAS
        for name, new in (
            (f"{schema}_previous", f"{schema}_retired_{found.get(f'{schema}_previous')}"),
            (schema, f"{schema}_previous"),
            (f"{schema}_next", schema),
        )
        if name in found
    }
    return rename_schemas(postgres, moves, SCHEMAS)


def _drop_retired(postgres: psycopg.Connection) -> tuple[str, ...]:
    """Drop what nobody reads any more; gives the schemas that a reader still holds."""
    return tuple(
        schema for schema in _schemas(postgres, "%\\_retired\\_%") if not drop_schema(postgres, schema)
    )


def _drop_leftovers(postgres: psycopg.Connection) -> None:
    for schema in _schemas(postgres, "%\\_next"):
        if not drop_schema(postgres, schema):
            raise PostgresBehindError(
                f"schema {schema}, left by a publisher that was killed, in use",
                "end the session that reads it",
            )


def _schemas(postgres: psycopg.Connection, pattern: str) -> dict[str, int]:
    """Schemas of ours whose name is like `pattern`, with their numbers, which no two ever share."""
    found = postgres.execute(
        "select nspname, oid::bigint from pg_namespace where nspname like %s"
        " and regexp_replace(nspname, '_(next|previous|retired_[0-9]+)$', '') = any(%s) order by nspname",
        (pattern, list(SCHEMAS)),
    ).fetchall()
    return dict(found)
