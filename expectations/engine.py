"""Great Expectations on DuckDB: the one place that knows what has to be mended, and how.

Belongs here: opening one table of one database as a GX batch, read-only, and closing it again.
Does not belong here: suites, verdicts, samples (`gate.py`) or anything about publishing.
GX is imported inside functions only: the import costs seconds, and most runs need no gate.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )


class GateError(Exception):
    """Nothing was checked: the database, the table or the suite is not there or not usable."""


def quoted(name: str) -> str:
    """The name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(path: Path | str) -> str:
    """A text of SQL, for where nothing can be bound: COPY, ATTACH, queries that suites fill."""
    return "'" + str(path).replace("'", "''") + "'"


@cache  # GX registers a datasource type once a process
def duckdb_datasource() -> type[SQLDatasource]:
    """GX's SQL datasource with two mends; a test in `test_engine.py` watches each of them."""
    import sqlalchemy as sa
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )

    class Columns:
        """Mend 2: duckdb-engine reflects columns through Postgres tables that DuckDB lacks."""

        def __init__(self, engine: DuckDBExecutionEngine) -> None:
            self.engine, self.dialect = engine, engine.dialect

        def get_pk_constraint(self, table_name: str, schema: str | None) -> Mapping[str, Any]:
            return {}

        def get_columns(self, table_name: str, schema: str | None) -> list[dict[str, Any]]:
            query = sa.text(
                "select column_name, data_type from duckdb_columns()"
                " where database_name = current_database() and lower(table_name) = lower(:table)"
                " and lower(schema_name) = lower(:schema) order by column_index"
            ).bindparams(table=str(table_name), schema=schema)
            found = self.engine.execute_query(query).fetchall()
            return [{"name": name, "type": data_type} for name, data_type in found]

    class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
        """Mend 1: GX reads a result after returning its connection, whose rollback empties it."""

        @contextmanager
        def get_connection(self) -> Iterator[Any]:
            if self._connection is None:
                self._connection = self.engine.connect()
            try:
                yield self._connection
            except sa.exc.SQLAlchemyError:
                self._connection.rollback()  # or one broken query would break all that follow
                raise

        def get_inspector(self) -> Any:
            return Columns(self)

        def close(self) -> None:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            super().close()

    class DuckDBDatasource(SQLDatasource):
        type: Literal["duckdb"] = "duckdb"  # type: ignore[assignment]  # GX's way to name a type
        schema_name: str
        execution_engine_override: ClassVar[Any] = DuckDBExecutionEngine
        _EXTRA_EXCLUDED_EXEC_ENG_ARGS: ClassVar[set[str]] = {"schema_name"}

        @property
        def schema_(self) -> str:
            return self.schema_name

        def get_engine(self) -> sa.Engine:
            # One SQLAlchemy engine, not GX's usual two: one thing to dispose of.
            return self.get_execution_engine().engine

    return DuckDBDatasource


@dataclass(frozen=True)
class OpenTable:
    """One table, open for checking: what GX needs (`batch`) and a way to ask in SQL.

    `name` is `"schema"."table"`, ready for SQL; `columns` are bare names.
    """

    name: str
    batch: Batch
    columns: tuple[str, ...]
    engine: SqlAlchemyExecutionEngine

    def sql(self, statement: str) -> list[dict[str, object]]:
        with self.engine.get_connection() as connection:
            return [dict(row) for row in connection.exec_driver_sql(statement).mappings()]


@contextmanager
def open_table(database: Path, schema: str, table: str) -> Iterator[OpenTable]:
    """Open read-only, so that no check can change what it checks; on leaving, free the file lock.

    Raises GateError if the database cannot be opened or lacks the table.
    """
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.datasource.fluent.interfaces import TestConnectionError

    if not database.is_file():
        raise GateError(f"no database at {database}; expected a DuckDB file to check")
    # Whatever GX logs on the way is in the result as well; on stderr it is only noise.
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    duckdb_datasource()  # registers `add_duckdb`
    try:
        source = context.data_sources.add_duckdb(
            name="gate",
            connection_string=f"duckdb:///{database}",
            schema_name=schema,
            kwargs={"connect_args": {"read_only": True}},
        )
    except TestConnectionError as error:
        raise GateError(f"cannot open {database} for reading: {error}") from error
    engine = source.get_execution_engine()
    try:
        columns = tuple(c["name"] for c in engine.get_inspector().get_columns(table, schema))
        if not columns:
            raise GateError(f"no table {schema}.{table} in {database}; expected it to be built")
        name = f"{quoted(schema)}.{quoted(table)}"
        asset = source.add_table_asset(name=table)
        batch = asset.add_batch_definition_whole_table("all").get_batch()
        yield OpenTable(name, batch, columns, engine)
    finally:
        engine.close()
