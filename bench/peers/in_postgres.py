"""The counts of a day in PostgreSQL: `postgres.sql`, on a server of its own that is tuned for one large question.

PostgreSQL reads no Parquet: DuckDB writes the lake as CSV, each list as a table of its own, and COPY loads it. Here: the
server, loading, running the SQL. Not here: what is the same in each peer (`peer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import psycopg

from bench.floor import DAILY
from bench.peers import peer
from bench.watch import Watch
from orchestration.settings import Settings
from orchestration.sql_text import literal
from tests.bi.server import running

#: Nobody else asks and nothing is to be kept: large memory for each step, both cores for one statement, no journal.
TUNING = (
    "shared_buffers=1GB", "work_mem=512MB", "maintenance_work_mem=512MB", "effective_cache_size=4GB",
    "max_parallel_workers_per_gather=1", "max_worker_processes=4", "jit=off", "wal_level=minimal", "max_wal_senders=0",
    "max_wal_size=8GB", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
)  # fmt: skip
#: What of the lake is loaded, by dataset; `version` is the number of the row.
COLUMNS = {
    "dossiers": "version bigint, dossier_code text, delivery_date date, procedure_code text, channel_code integer,"
    " submitted_at timestamp, received_at timestamp, due_at timestamp, status_code integer, finished_at timestamp,"
    " returned_at timestamp, refused_at timestamp, received_place_code text, paid_online_code integer,"
    " precedence integer",
    "progress": "dossier_code text, precedence integer, status_code integer, acted_at timestamp",
}
#: And of its lists.
LISTS = {
    "submitted_documents": "document_id text, is_deleted boolean, is_reused boolean, is_from_national_store boolean",
    "fees": "price double precision, collection_form_code text",
    "supplements": "requested_at timestamp, received_at timestamp",
    "results": "document_id text, result_code text, has_file boolean",
}
REFERENCE = {
    "statuses": "status_code integer, progress_order integer, is_end boolean",
    "cash": "collection_form_code text",
    "procedures": "procedure_code text, valid_from date, valid_to date, statutory_limit double precision,"
    " limit_unit text, returns_paper_result boolean, is_fee_bearing boolean",
    "units": "agency_code text, unit_code text",
    "calendar": "calendar_date date, is_working_day boolean, working_day_number integer",
    "petitioned": "dossier_code text",
}
BLOCK = 1 << 20


def names(columns: str) -> list[str]:
    """Of declared columns."""
    return [column.split()[0] for column in columns.split(",")]


def tables(settings: Settings) -> dict[str, tuple[str, str]]:
    """Each table that is loaded: its columns, and the query of DuckDB that gives them."""
    lake = {}
    for dataset in COLUMNS:
        files = ", ".join(literal(file) for file in peer.lake_files(settings, dataset))
        lake[dataset] = (
            f"(select *, list_position([{files}], filename)::bigint * 4294967296 + file_row_number as version"
            f" from read_parquet([{files}], union_by_name = true, filename = true, file_row_number = true))"
        )
    plain = {
        dataset: (columns, f"select {', '.join(names(columns))} from {lake[dataset]}")
        for dataset, columns in COLUMNS.items()
    }  # fmt: skip
    lists = {
        nested: (
            f"version bigint, {columns}",
            f"select version, {', '.join(f'item.{name}' for name in names(columns))}"
            f" from (select version, unnest({nested}) as item from {lake['dossiers']})",
        )
        for nested, columns in LISTS.items()
    }  # fmt: skip
    codes = f"select version, unnest(database_codes) as database_code from {lake['dossiers']}"
    reference = {name: (REFERENCE[name], query) for name, query in peer.REFERENCE.items()}
    return {**plain, **lists, "database_codes": ("version bigint, database_code text", codes), **reference}


def load(settings: Settings, folder: Path, connection: psycopg.Connection) -> None:
    """Every table, and what the planner knows of it. Petitions are few; nothing gets an index, as all of it is read."""
    file = folder / "table.csv"
    with duckdb.connect(str(settings.build_database), read_only=True) as lake:
        lake.execute("set threads = 2; set memory_limit = '2GB'; set preserve_insertion_order = false")
        for table, (columns, query) in tables(settings).items():
            lake.execute(f"copy ({query}) to {literal(file)} (format csv, header false)")
            connection.execute(f"create unlogged table {table} ({columns})".encode())
            with (
                file.open("rb") as lines,
                connection.cursor() as cursor,
                cursor.copy(f"copy {table} from stdin (format csv)".encode()) as copy,
            ):
                while block := lines.read(BLOCK):
                    copy.write(block)
            connection.execute(f"analyze {table}".encode())
    file.unlink()


def hand_over(settings: Settings, folder: Path, connection: psycopg.Connection) -> None:
    """What was made, by CSV, in the types of the build."""
    file = folder / "table.csv"
    with duckdb.connect(str(settings.build_database), read_only=True) as build:
        for table, model in DAILY.items():
            columns = [name for name, *_ in build.execute(f"describe {model}").fetchall()]
            query = f"copy (select {', '.join(columns)} from {table}) to stdout (format csv)"
            with file.open("wb") as lines, connection.cursor().copy(query.encode()) as copy:
                for block in copy:
                    lines.write(block)
            build.execute(f"create temp table {table} as from {model} limit 0")
            build.execute(f"copy {table} from {literal(file)} (format csv, header false)")
            peer.hand_over(build, table, folder / f"{table}.parquet")
    file.unlink()


def make(settings: Settings, folder: Path, watch: Watch) -> Mapping[str, str]:
    """A server, its tables, and of them the files in `folder`."""
    with (
        running(*TUNING) as server,
        psycopg.connect(server.new_database("peer"), autocommit=True) as connection,
    ):
        watch.follow(server.process)
        watch.begin("loading")
        load(settings, folder, connection)
        watch.begin("SQL")
        connection.execute((Path(__file__).parent / "postgres.sql").read_bytes())
        watch.begin("")
        hand_over(settings, folder, connection)
        return {"postgresql": str(connection.info.parameter_status("server_version"))}


if __name__ == "__main__":
    peer.main(make)
