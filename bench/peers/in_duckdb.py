"""The floor of dossiers once more (`bench/floors/dossiers.sql`), among its peers: SQL by hand in one DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench import floor
from bench.peers import peer
from bench.watch import Watch
from orchestration.settings import Settings


def make(settings: Settings, folder: Path, watch: Watch) -> Mapping[str, str]:
    """Tables of a database in `folder`, and of them the files."""
    with floor.database(folder) as connection:
        watch.begin("SQL")
        floor.dossiers(settings, connection)
        watch.begin("")
        for table in floor.DAILY:
            peer.hand_over(connection, table, folder / f"{table}.parquet")
    return {}


if __name__ == "__main__":
    peer.main(make, "duckdb")
