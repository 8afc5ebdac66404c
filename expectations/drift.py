"""How far provinces moved between the release that is served and a build: a table for the suite that may hold it.

Belongs here: making that table and the name of a hold. Does not belong here: the comparison (`province_moves.sql`), its
bounds (`suites/hold__province_moves.yml`), and who approves a hold (`orchestration.defs.release_gates`).
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import duckdb

from expectations.builder import bounds, table_of
from expectations.engine import literal
from expectations.templates import fill

HOLD = "hold__province_moves"
TABLE = table_of(HOLD)
QUERY = Path(__file__).with_name(f"{TABLE}.sql")


def compare(build: Path, served: Path, target: Path, approved: Collection[str] = ()) -> str | None:
    """Write table `province_moves` into the database `target`; one row a period and province that are in both.

    `served` is the ranking that BI tools read, as Parquet: the database beside it may be locked by one of them. Before
    the first release, where there is none, the table is empty.
    Gives the name of the hold, None where nothing is beyond its bounds. The name stands for the release served and
    every move beyond: approving it approves nothing else.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"attach {literal(build)} as build (read_only)")
        nothing = "select *, '' as release_id from build.marts.mart_province_ranking limit 0"
        before = f"from read_parquet({literal(served)})" if served.exists() else nothing
        connection.execute(
            "attach ':memory:' as served; create schema served.marts;"
            f" create table served.marts.mart_province_ranking as {before}"
        )
        query = fill(QUERY.read_text(encoding="utf-8"), bounds(HOLD, "moves_within_bounds"))
        connection.execute(query, {"approved": list(approved)})
        found = connection.execute(f"select any_value(hold) from {TABLE} where is_beyond").fetchall()
    hold: str | None = found[0][0]
    return hold
