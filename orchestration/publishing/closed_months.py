"""Closed months: what was served of a month when it was closed, frozen, and what later deliveries would change.

```
closed/<yyyy-mm>/revision=<n>/{<mart>.parquet, manifest.json}    written once, never rewritten
```

Belongs here: freezing, revising on purpose, comparing. Making releases is in `release.py`; when a month is closed is
decided by a schedule.
"""

from __future__ import annotations

import calendar
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from orchestration.atomic_files import sync_folder, sync_tree
from orchestration.commands import os_user
from orchestration.damage import Section, damaged
from orchestration.publishing.marts import SCHEMA, PublishError, open_marts
from orchestration.sql_text import identifier, literal
from orchestration.vietnam_time import VIETNAM

CHANGES = "changes_since_close"
#: Frozen is what has these columns: figures of a period. Dimensions are dated by themselves.
_KEYS = ("period_type", "period_start", "period_end", "as_of")
_FROZEN = "mart_"
#: What makes a period: it may have been observed up to several days, its `as_of`.
_PERIOD = ("basis", "regime", "period_type", "period_start", "period_end")
#: Whose figures a row has: those of a unit, else of several, whom these columns name together.
_UNIT = ("unit_code",)
_OF_SEVERAL = ("unit_level", "parent_unit_code", "province_code", "peer_group", "peer_group_code")
#: Marts with rows of days on which nobody observed whom they are about, and what the other rows are known by.
_CAPTURES = "mart_portal_captures"
_OBSERVED = {"mart_coverage": "units_present > 0", _CAPTURES: "is_current"}


@dataclass(frozen=True)
class ClosedMonth:
    """One revision of a month. `status` is final, or provisional with a `reason`."""

    month: str
    revision: int
    folder: Path
    manifest: Mapping[str, Any]
    is_new: bool

    @property
    def status(self) -> str:
        """Whether the figures were complete when they were frozen."""
        return str(self.manifest["status"])

    @property
    def os_user(self) -> str:
        """Whose process closed it; empty in revisions made before that was kept."""
        return str(self.manifest.get("os_user", ""))


def close_month(serving: Path, closed: Path, month: date, now: datetime, revise: str = "") -> ClosedMonth:
    """Freeze every period that ends in `month` (any day of it) as the served release shows it.

    A month that is closed stays as it is: asked again, it is given back. With a reason in `revise` a further revision
    is frozen beside the earlier ones. Raises PublishError for a month that is not over, or of which nothing is served.
    """
    first = month.replace(day=1)
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    if now.astimezone(VIETNAM).date() <= last:
        raise PublishError(
            f"{first:%Y-%m} is not over; expected a month before {now.astimezone(VIETNAM):%Y-%m}"
        )
    kept = revisions(closed, first)
    if kept and not revise.strip():
        return kept[-1]
    number = len(kept) + 1
    folder = closed / f"{first:%Y-%m}" / f"revision={number}"
    temporary = folder.with_name(f".{folder.name}")
    shutil.rmtree(temporary, ignore_errors=True)  # left by a crash
    temporary.mkdir(parents=True)
    try:
        manifest = _freeze(serving, temporary, first, last)
    except PublishError:
        shutil.rmtree(temporary)
        raise
    manifest |= {
        "month": f"{first:%Y-%m}",
        "revision": number,
        "closed_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "revised_because": revise.strip(),
        "os_user": os_user(),
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    (temporary / "manifest.json").write_text(text, encoding="utf-8")
    sync_tree(temporary)
    os.replace(temporary, folder)
    sync_folder(folder.parent)
    return ClosedMonth(f"{first:%Y-%m}", number, folder, manifest, is_new=True)


def revisions(closed: Path, month: date | None = None) -> list[ClosedMonth]:
    """Every revision of a month, or of all months, in order."""
    pattern = f"{month:%Y-%m}" if month else "[0-9]*"
    found = []
    for folder in (closed).glob(f"{pattern}/revision=*"):
        manifest = _manifest(folder / "manifest.json")
        found.append(ClosedMonth(manifest["month"], manifest["revision"], folder, manifest, is_new=False))
    return sorted(found, key=lambda one: (one.month, one.revision))


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        named = f"{manifest['month']}/revision={manifest['revision']}"
        rows, _ = dict(manifest["rows"]), manifest["status"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path, f"what is no manifest of a closed month ({type(error).__name__})") from error
    if not path.parent.match(named):
        raise _damaged(path, f"the manifest of {named}")
    if gone := sorted(table for table in rows if not (path.parent / f"{table}.parquet").is_file()):
        raise _damaged(path.parent, f"no {gone[0]}.parquet")
    return manifest


def _damaged(path: Path, found: str) -> PublishError:
    return PublishError(
        damaged(
            path, found, "what was frozen of a month, which nothing makes again",
            "put the folder of the revision back from a copy, or take its rows from schema `closed` of what is served",
            Section.CLOSED,
        )
    )  # fmt: skip


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
    qualify as_of = max(as_of) over (partition by {", ".join(_PERIOD)}, unit_code)
),

counted as (
    select * from {SCHEMA}.mart_service_headline
    qualify as_of = max(as_of) over (partition by {", ".join(_PERIOD)}, unit_code)
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
        using (closed_month, revision, {", ".join(_PERIOD)}, as_of, unit_code)
    left join ranked
        using ({", ".join(_PERIOD)}, unit_code)
    left join counted
        using ({", ".join(_PERIOD)}, unit_code)
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


def _freeze(serving: Path, target: Path, first: date, last: date) -> dict[str, Any]:
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

told as (
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
from told
order by period_type, basis, period_start, period_end
"""
_NO_CAPTURES = (
    "(select *, as_of as observed_at, '' as unit_level, true as is_current from provisional where false)"
)


def _provisional(connection: duckdb.DuckDBPyConnection, ranking: Path, rows: Mapping[str, int]) -> list[str]:
    """A sentence for each period whose ranking of provinces, frozen in `ranking`, is not final: which, and why."""
    query = _PROVISIONAL_SQL.format(
        period=", ".join(_PERIOD),
        ranking=literal(ranking),
        captures=f"{SCHEMA}.{_CAPTURES}" if _CAPTURES in rows else _NO_CAPTURES,
    )
    return [sentence for (sentence,) in connection.execute(query).fetchall()]


def frozen_tables(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, ...], list[str]]:
    """The marts of figures of a period, by the columns that say whose figures a row has."""
    found = connection.execute(
        "select table_name, list(column_name) as names from information_schema.columns where table_schema = ? and"
        " starts_with(table_name, ?) group by table_name having list_has_all(names, ?) order by table_name",
        [SCHEMA, _FROZEN, list(_KEYS)],
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
    keys = ", ".join((*_PERIOD, *subject))
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
        f"figures.{key} is not distinct from last_days.{key}" for key in (*_PERIOD, *subject, "as_of")
    )
    connection.execute(
        f'copy (from {SCHEMA}."{table}" as figures semi join last_days on {alike}'
        f" order by all) to {literal(path)} (format parquet, compression zstd)"
    )
    count: int = connection.execute(f"select count(*) from read_parquet({literal(path)})").fetchall()[0][0]
    return count
