"""The build database where it is damaged: found, and removed, so that dbt builds it again from the lake.

Belongs here: telling damage from a disk that is full or a file that is locked. Does not belong here: what is built.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestration.locked_dbt import take_lock

# In a process of its own: what is damaged may end the engine, and with it whoever asked. What the system says of a file
# (a full disk, no right to read), and a lock, tell nothing of what is in it.
_LOOK = """
import errno, os, sys
import duckdb
from orchestration.sql_text import identifier
said_by_system = tuple(f": {os.strerror(number)}" for number in errno.errorcode)
try:
    with duckdb.connect(sys.argv[1]) as connection:
        tables = "select schema_name, table_name from duckdb_tables() where not internal"
        for schema, table in connection.execute(tables).fetchall() if sys.argv[2] == "whole" else []:
            connection.execute(f"select bit_xor(hash(whole)) from {identifier(schema, table)} as whole").fetchall()
except duckdb.OutOfMemoryException:
    pass
except duckdb.IOException as error:
    if not str(error).endswith(said_by_system) and "Could not set lock" not in str(error):
        sys.exit(str(error))
except duckdb.Error as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""


def remove_if_damaged(database: Path, *, is_read_whole: bool = False) -> str | None:
    """Remove the build database where it cannot be read: as far as opening it shows, or by reading all of it.

    Waits for the dbt of a killed run to end. Gives one line that says what was found, None where nothing was removed.
    """
    if not database.exists() and not database.is_symlink():
        remove_database(database)  # what belonged to it
        return None
    with take_lock(database.parent):
        found = _damage(database, is_read_whole=is_read_whole)
        if found is not None:
            remove_database(database)
    return found and f"{database}: damaged ({found}); removed, and built again from the lake"


def remove_database(database: Path) -> None:
    """Remove a DuckDB database that can be made again, whatever lies in its place, and what DuckDB keeps beside it."""
    for path in (
        database,
        database.with_name(f"{database.name}.wal"),
        database.with_name(f"{database.name}.tmp"),
    ):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@contextmanager
def passing_database(database: Path) -> Iterator[Path]:
    """A database that is needed for a while: nothing of one before is in it, and nothing of it is left."""
    database.parent.mkdir(parents=True, exist_ok=True)
    remove_database(database)
    try:
        yield database
    finally:
        remove_database(database)


def _damage(database: Path, *, is_read_whole: bool) -> str | None:
    if not database.is_file():
        return "no file"
    looking = [sys.executable, "-c", _LOOK, str(database), "whole" if is_read_whole else "opened"]
    looked = subprocess.run(looking, capture_output=True, text=True, errors="replace", check=False)
    if looked.returncode == 0:
        return None
    said = looked.stderr.strip().splitlines()
    return said[0] if looked.returncode == 1 and said else f"its reader ended with {looked.returncode}"
