"""What is frozen of a month: of each period that ends in it, the last day on which each unit was observed.

Belongs here: which marts, which rows, and why a period is provisional. Does not belong here: revisions and their folders
(`closed_months`), and what is served of them (`closed_schema`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from orchestration.publishing.marts import SCHEMA, PublishError, open_marts
from orchestration.sql_text import literal

#: Frozen are the marts of figures of a period. Dimensions are dated by themselves.
_FROZEN = "mart_"
#: What makes a period: it may have been observed up to several days, its `as_of`.
PERIOD = ("basis", "regime", "period_type", "period_start", "period_end")
#: Whose figures a row has: those of a unit, else of several, whom these columns name together.
_UNIT = ("unit_code",)
_OF_SEVERAL = ("unit_level", "parent_unit_code", "province_code", "peer_group", "peer_group_code")
#: Marts with rows of days on which nobody observed whom they are about, and what the other rows are known by.
_CAPTURES = "mart_portal_captures"
_OBSERVED = {"mart_coverage": "units_present > 0", _CAPTURES: "is_current"}


def freeze(serving: Path, target: Path, first: date, last: date) -> dict[str, Any]:
    """Write the rows of every period that ends in the month; gives the manifest but for what names the revision."""
    if not (serving / "parquet").exists():
        raise PublishError(f"{serving}: nothing is served; expected a release before a month is closed")
    rows: dict[str, int] = {}
    with open_marts(serving) as connection:
        release = connection.execute(
            f"select any_value(release_id) from {SCHEMA}.mart_province_ranking"
        ).fetchall()
        for subject, tables in frozen_tables(connection).items():
            _find_last_days(connection, subject, tables, (first, last))
            rows |= {table: _freeze_table(connection, table, subject, target) for table in tables}
        if not rows.get("mart_province_ranking"):
            raise PublishError(
                f"{first:%Y-%m}: the release that is served has no figures of a period that ends in it"
            )
        reasons = _provisional(connection, target / "mart_province_ranking.parquet", rows)
    return {
        "release_id": release[0][0],
        "status": "provisional" if reasons else "final",
        "reason": "; ".join(reasons),
        "rows": dict(sorted(rows.items())),
    }


#: Of each period that is provisional, what it lacks of what makes it final (docs/adr/0029). Where a capture of the
#: provinces was made is in a mart of its own; of a release that has none, it is what is left when nothing else lacks.
_PROVISIONAL_SQL = """
with provisional as (
    select distinct {period}, as_of, peers, peers_expected, incomplete_sources
    from read_parquet({ranking})
    where period_status <> 'final'
),

captured_early as (
    select distinct {period}, as_of, true as is_early
    from {captures}
    where unit_level = 'province' and is_current and cast(observed_at as date) <= period_end
),

explained as (
    select
        provisional.*,
        if(period_type = 'window', 'window ' || period_start || ' to ' || period_end, period_type) as period,
        concat_ws(
            ', ',
            case when as_of < period_end then 'observed before its end (' || as_of || ')' end,
            case
                when peers is distinct from peers_expected
                    then peers || ' of ' || coalesce(peers_expected::varchar, 'unknown') || ' provinces ranked'
            end,
            case when as_of >= period_end and is_early then 'not captured after its end' end,
            'not every province has delivered beyond its end: ' || incomplete_sources
        ) as reasons
    from provisional
    left join captured_early
        using ({period}, as_of)
)

select period || ' of basis ' || basis || ': ' || coalesce(nullif(reasons, ''), 'not captured after its end')
from explained
order by period_type, basis, period_start, period_end
"""
_NO_CAPTURES = (
    "(select *, as_of as observed_at, '' as unit_level, true as is_current from provisional where false)"
)


def _provisional(connection: duckdb.DuckDBPyConnection, ranking: Path, rows: Mapping[str, int]) -> list[str]:
    """A sentence for each period whose ranking of provinces, frozen in `ranking`, is not final: which, and why."""
    query = _PROVISIONAL_SQL.format(
        period=", ".join(PERIOD),
        ranking=literal(ranking),
        captures=f"{SCHEMA}.{_CAPTURES}" if _CAPTURES in rows else _NO_CAPTURES,
    )
    return [sentence for (sentence,) in connection.execute(query).fetchall()]


def frozen_tables(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], list[str]]:
    """The marts of figures of a period, by the columns that say whose figures a row has."""
    found = connection.execute(
        "select table_name, list(column_name) as names from information_schema.columns where table_schema = ? and"
        " starts_with(table_name, ?) group by table_name having list_has_all(names, ?) order by table_name",
        [SCHEMA, _FROZEN, [*PERIOD, "as_of"]],
    ).fetchall()
    tables: dict[tuple[str, ...], list[str]] = {}
    for table, names in found:
        subject = _UNIT if set(_UNIT) <= set(names) else tuple(name for name in _OF_SEVERAL if name in names)
        tables.setdefault(subject, []).append(table)
    return tables


def _find_last_days(
    connection: duckdb.DuckDBPyConnection,
    subject: tuple[str, ...],
    tables: Sequence[str],
    within: tuple[date, date],
) -> None:
    """Make a table `last_days`: of each period that ends `within`, the last day on which each subject was observed.

    Units of a province may have been observed on another day than the provinces. One day for all of `tables`: a unit
    that has no total on its last day has no plan then, and keeps none of a day before.
    """
    keys = ", ".join((*PERIOD, *subject))
    observed = " union all ".join(
        f'select {keys}, as_of, {_OBSERVED.get(table, "true")} as is_observed from {SCHEMA}."{table}"'
        for table in tables
    )
    connection.execute(
        f"create or replace temporary table last_days as select {keys},"
        f" coalesce(max(as_of) filter (is_observed), max(as_of)) as as_of from ({observed})"
        f" where period_end between ? and ? group by {keys}",
        within,
    )


def _freeze_table(
    connection: duckdb.DuckDBPyConnection, table: str, subject: tuple[str, ...], target: Path
) -> int:
    """Write the rows of the last days; gives how many there are."""
    path = target / f"{table}.parquet"
    # The nation has no parent, and a row of it is one all the same.
    alike = " and ".join(
        f"figures.{key} is not distinct from last_days.{key}" for key in (*PERIOD, *subject, "as_of")
    )
    connection.execute(
        f'copy (from {SCHEMA}."{table}" as figures semi join last_days on {alike}'
        f" order by all) to {literal(path)} (format parquet, compression zstd)"
    )
    count: int = connection.execute(f"select count(*) from read_parquet({literal(path)})").fetchall()[0][0]
    return count
