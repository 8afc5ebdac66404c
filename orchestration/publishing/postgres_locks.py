"""Schemas that readers use, moved and dropped without an error for any of them.

Belongs here: locking all of a schema at once or not at all, and what is done under such locks. Does not belong here:
which schemas those are (`postgres`).

A statement finds its tables by name, one after the other: one that is being read in the moment of a swap could take one
table of each release (seen once in 1,600: 200 swaps under 8 readers that never pause). Nobody is within a statement once
all tables are locked. Locked one by one, they meet a reader half-way, and the server ends the reader. So either all of
them are locked without waiting, or none, and again a millisecond later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import psycopg

from orchestration.publishing.postgres_tables import run
from orchestration.sql_text import identifier

#: 8 readers that never pause let each of 100 swaps in within 0.11 s (2026-11-28); queries that last have longer pauses.
SWAP_SECONDS = 10
#: What is dropped has been out of sight for a day: whoever still reads it, reads for long.
DROP_SECONDS = 1

#: On the server: an error that is caught there fills no log.
_LOCK_ALL = """
do $lock$
declare
    give_up timestamptz := clock_timestamp() + make_interval(secs => {seconds});
begin
    loop
        begin
            lock table {tables} in access exclusive mode nowait;
            return;
        exception when lock_not_available then
            if clock_timestamp() > give_up then raise; end if;
            perform pg_sleep(0.001);
        end;
    end loop;
end
$lock$
"""


def rename_schemas(postgres: psycopg.Connection, names: Mapping[str, str], served: Sequence[str]) -> bool:
    """In one transaction, every schema of `names` gets its new name, in that order; while nobody reads `served`.

    Gives whether that was so: where a reader holds a table for `SWAP_SECONDS`, the names are changed beside it.
    """
    try:
        with postgres.transaction():
            _lock_all(postgres, served, SWAP_SECONDS)
            _rename(postgres, names)
    except psycopg.errors.LockNotAvailable:
        with postgres.transaction():
            _rename(postgres, names)
        return False
    return True


def drop_schema(postgres: psycopg.Connection, schema: str) -> bool:
    """Drop a schema and all it holds; gives whether it could be: not while a reader holds a table of it."""
    try:
        with postgres.transaction():
            _lock_all(postgres, [schema], DROP_SECONDS)
            run(postgres, f"drop schema {identifier(schema)} cascade")
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _rename(postgres: psycopg.Connection, names: Mapping[str, str]) -> None:
    for name, new in names.items():
        run(postgres, f"alter schema {identifier(name)} rename to {identifier(new)}")


def _lock_all(postgres: psycopg.Connection, schemas: Sequence[str], seconds: float) -> None:
    """Nobody else uses a table or view of `schemas` until the transaction ends. Raises LockNotAvailable."""
    found = postgres.execute(
        "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
        " where relkind in ('r', 'v') and nspname = any(%s) order by nspname, relname",
        ([*schemas],),
    ).fetchall()
    if found:
        tables = ", ".join(identifier(schema, name) for schema, name in found)
        run(postgres, _LOCK_ALL.format(seconds=seconds, tables=tables))
