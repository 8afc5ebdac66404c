"""Schema `closed` of what is served: every frozen row, and which provinces have other figures now.

Belongs here: making it in a serving file that is being written. Does not belong here: freezing (`freezing`), revisions
(`closed_months`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from orchestration.publishing.closed_months import ClosedMonth
from orchestration.publishing.freezing import PERIOD
from orchestration.publishing.marts import SCHEMA
from orchestration.sql_text import identifier, literal

CHANGES = "changes_since_close"


def add_closed(database: Path, months: Sequence[ClosedMonth]) -> None:
    """Make schema `closed` beside `marts` in a serving file that is being written: each frozen mart with
    `closed_month` and `revision`, and `changes_since_close`, provinces whose figures are others now.
    """
    if not months:
        return
    with duckdb.connect(str(database)) as connection:
        connection.execute("create schema closed")
        for table in sorted({path.stem for month in months for path in month.folder.glob("*.parquet")}):
            parts = " union all by name ".join(
                f"select *, '{month.month}' as closed_month, {month.revision}::integer as revision"
                f" from read_parquet({literal(month.folder / f'{table}.parquet')}, hive_partitioning = false)"
                for month in months
                if (month.folder / f"{table}.parquet").exists()
            )
            connection.execute(f'create table closed."{table}" as {parts}')
        connection.execute(_CHANGES_SQL)
        _describe_changes(connection)


#: The newest revision of a month against what the new release says of the same period, on its newest day now: what was
#: frozen on the 29th is held against the 31st, also where the 29th is served still. Not one row: nothing changed.
_CHANGES_SQL = f"""
create table closed.{CHANGES} as
with newest as (
    select * from closed.mart_province_ranking
    qualify revision = max(revision) over (partition by closed_month)
),

ranked as (
    select * from {SCHEMA}.mart_province_ranking
    qualify as_of = max(as_of) over (partition by {", ".join(PERIOD)}, unit_code)
),

counted as (
    select * from {SCHEMA}.mart_service_headline
    qualify as_of = max(as_of) over (partition by {", ".join(PERIOD)}, unit_code)
),

compared as (
    select
        newest.closed_month, newest.revision, newest.basis, newest.regime, newest.period_type, newest.period_start,
        newest.period_end, newest.as_of as as_of_then, ranked.as_of as as_of_now, newest.unit_code, newest.name_vi,
        newest.total_score as score_then, ranked.total_score as score_now,
        newest.rank as rank_then, ranked.rank as rank_now,
        counted_then.dossiers_received as dossiers_then, counted.dossiers_received as dossiers_now
    from newest
    left join closed.mart_service_headline as counted_then
        using (closed_month, revision, {", ".join(PERIOD)}, as_of, unit_code)
    left join ranked
        using ({", ".join(PERIOD)}, unit_code)
    left join counted
        using ({", ".join(PERIOD)}, unit_code)
)

from compared
where (score_then, rank_then, dossiers_then) is distinct from (score_now, rank_now, dossiers_now)
order by closed_month, basis, period_type, unit_code
"""
_CHANGES_COMMENT = (
    "Grain: one row per closed month, period and province whose total, rank or dossiers are others now. The newest"
    " revision of the month against the newest day of the period that is served now."
)
_CHANGES_COLUMNS = {
    "closed_month": "The month that was closed, as 2025-10.",
    "revision": "The newest revision of the closed month, which is compared.",
    "basis": "portal: from figures that the portal published; records: from dossiers.",
    "regime": "The set of scoring rules.",
    "period_type": "month, quarter, year_to_date or window.",
    "period_start": "First day of the period.",
    "period_end": "Last day of the period.",
    "as_of_then": "The day up to which the frozen figures go.",
    "as_of_now": "The newest day up to which figures of the period go now; null where the province has none any more.",
    "unit_code": "The province; see `dim_unit`.",
    "name_vi": "Vietnamese name of the province, as frozen.",
    "score_then": "Total as frozen; null where there was none.",
    "score_now": "Total on the day `as_of_now`; null where there is none.",
    "rank_then": "Rank as frozen; null without a total.",
    "rank_now": "Rank on the day `as_of_now`; null without a total.",
    "dossiers_then": "Dossiers received, as frozen; null where they were not counted.",
    "dossiers_now": "Dossiers received, on the day `as_of_now`; null where they are not counted.",
}


def _describe_changes(connection: duckdb.DuckDBPyConnection) -> None:
    table = identifier("closed", CHANGES)
    connection.execute(f"comment on table {table} is {literal(_CHANGES_COMMENT)}")
    for column, comment in _CHANGES_COLUMNS.items():
        connection.execute(f"comment on column {table}.{identifier(column)} is {literal(comment)}")
