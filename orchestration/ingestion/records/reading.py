"""The rows of one run on their way into the lake: Parquet files in a work folder, and tables of what is wrong with them.

Here: where they lie, and the context in which one thread reads. Not here: reading them (`read_files` and what it rests
on), and what of them becomes the batch (`deduplicate`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import duckdb

from orchestration.ingestion.contracts import Contract
from orchestration.ingestion.lake import create_table
from orchestration.ingestion.landing import LandedFile
from orchestration.ingestion.problems import Problem, UnreadableError
from orchestration.ingestion.records.columns import Wanted, wanted
from orchestration.ingestion.records.mapping import SourceMapping, SystemMapping
from orchestration.ingestion.records.row_query import RowQuery
from orchestration.ingestion.rights import Scope
from orchestration.sql_text import literal

#: What `row_query` says of a row.
VALID, TO_VALIDATE, DUPLICATE = KINDS = ("valid", "to_validate", "duplicate")
_PROBLEM = ("reason_code", "severity", "field", "found", "expected", "action")
#: What all threads of a run write into.
TABLES = {
    "landed": {"file_hash": "varchar", "landed_as": "varchar"},
    # Malformed lines: `record_no` is the line, or the row below a header.
    "rejected": {"file_hash": "varchar", "record_no": "bigint", "reason_code": "varchar", "row_text": "varchar"},
    "validated": {
        "file_hash": "varchar",
        "record_no": "bigint",
        "problems": f"struct({', '.join(f'{key} varchar' for key in _PROBLEM)})[]",
        "is_refused": "boolean",
        "row_text": "varchar",
    },
    # Refuses nothing, and must be known all the same.
    "noted": dict.fromkeys(("file_hash", "reason_code", "field", "found", "expected", "action"), "varchar"),
}  # fmt: skip


@dataclass(frozen=True)
class Staged:
    """`rows`: the files of each kind of rows, by hash of the content that they come from (of the first, where several
    were read together). They have the columns of the lake; `source_file` is in table `landed`, and of rows to validate
    holds the raw record. `unreadable` files gave no row, and why. `unread` files are not to blame, as far as is known:
    they belong into no batch, so that the next run reads them again.
    """

    connection: duckdb.DuckDBPyConnection
    source: Contract
    work: Path
    rows: dict[str, dict[str, Path]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    unreadable: dict[str, Problem] = field(default_factory=dict)
    unread: dict[str, Problem] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for table, columns in TABLES.items():
            create_table(self.connection, table, columns, is_shared=True)

    def paths(self, *kinds: str) -> list[Path]:
        """The files of these kinds."""
        return [path for kind in kinds for path in self.rows[kind].values()]


@dataclass
class Reading:
    """What one thread reads with: a connection of its own, with the macros of one mapping at a time."""

    connection: duckdb.DuckDBPyConnection
    staged: Staged
    scopes: Mapping[str, Scope]
    mapping: SystemMapping
    #: Whether no other file is read at this time.
    is_by_itself: bool = False
    #: Files of rows to validate, which landed files each is of, and how many rows.
    pending: list[tuple[Sequence[LandedFile], Path]] = field(default_factory=list)
    rows_pending: int = 0

    @cached_property
    def plan(self) -> SourceMapping:
        """Raises UnreadableError where the mapping does not know the source."""
        name = self.staged.source.name
        if (plan := self.mapping.sources.get(name)) is None:
            raise UnreadableError("no_mapping", f"mapping {self.mapping.name}", f"one that knows {name}")
        return plan

    @cached_property
    def needs(self) -> Wanted:
        """What is read of each file."""
        return wanted(self.staged.source, self.plan)

    @cached_property
    def query(self) -> RowQuery:
        """What its rows are made by; its macros are made now."""
        query = RowQuery(self.staged.source, self.plan)
        self.connection.execute(query.definitions)
        return query


def from_staged(*paths: Path) -> str:
    """Staged files, for queries."""
    listed = ", ".join(literal(path) for path in paths)
    return f"from read_parquet([{listed}], hive_partitioning = false)"


def rows_in(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """How many rows a staged file has."""
    ((rows,),) = connection.execute(f"select count(*) {from_staged(path)}").fetchall()
    return int(rows)
