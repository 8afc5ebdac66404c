"""One period of two releases, shown as two periods of one: what explains these explains that.

Belongs here: opening both as if they were one. Does not belong here: what is asked of them (`movement`), and which
releases are kept (`release`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.publishing.marts import SCHEMA, show, without_parquet
from orchestration.sql_text import identifier, literal
from orchestration.vietnam_time import SHOW_VIETNAM

#: The name of the period as the earlier release has it.
BEFORE = "before"
#: What is taken of the earlier release; what is only named there, such as a unit, is read from the later one.
_OF_BOTH = ("bi_ranking", "dim_period", "mart_index", "mart_indicator_scores")
_LATER, _EARLIER = "later", "earlier"


def open_both(later: Path, earlier: Path, period_id: str) -> duckdb.DuckDBPyConnection:
    """In schema `marts` that of `later`, of the one period alone, and beside it, as period `before`, that of `earlier`.

    Raises duckdb.Error where one of them has no such marts.
    """
    connection = duckdb.connect()
    connection.execute(SHOW_VIETNAM)
    for release, schema in ((later, _LATER), (earlier, _EARLIER)):
        if missing := [name for name in _OF_BOTH if not (release / "parquet" / f"{name}.parquet").is_file()]:
            raise duckdb.CatalogException(
                f"{release}: found no {', '.join(missing)}; expected a release that is whole, and serves these"
            )
        show(connection, release, schema)
    connection.execute(f"create schema {SCHEMA}")
    whole = connection.execute(
        "select view_name from duckdb_views() where schema_name = $schema", {"schema": _LATER}
    ).fetchall()
    of_period = f"where period_id = {literal(period_id)}"
    for (name,) in whole:
        shown = f"from {identifier(_LATER, name)}"
        if name in _OF_BOTH:
            # No period is compared with itself: here the earlier release saw it a day before.
            renamed = f"{literal(BEFORE)} as period_id, as_of - 1 as as_of"
            shown = (
                f"{shown} {of_period} union all by name"
                f" select * replace ({renamed}) from {identifier(_EARLIER, name)} {of_period}"
            )
        connection.execute(f"create view {identifier(SCHEMA, name)} as {shown}")
    for name, query in without_parquet(later).items():
        connection.execute(f"create view {identifier(SCHEMA, name)} as {query}")
    return connection
