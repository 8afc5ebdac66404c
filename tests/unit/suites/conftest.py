"""A good batch and a good build, small and made by hand, with the columns that their contracts promise.

Belongs here: tables that every suite passes. Does not belong here: what is wrong with a table (`test_suites.py`).
Types come from the dbt contracts and from ingestion, so that a suite cannot rest on a column that nobody promises.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.ingestion.portal.contracts import SERVICE_RESULTS
from orchestration.ingestion.report import FILE_COLUMNS

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "seeds" / "reference"

PERIOD = "'portal' as basis, '2026' as regime, 'year_to_date' as period_type"
SNAPSHOTS = """
    (select *, date '2026-01-01' as period_start, date '2026-12-31' as period_end
    from (values (1, date '2026-09-26'), (2, date '2026-10-10')) as t(snapshot, as_of)) as snapshots
"""
# Province 3 and 4 tie in the second snapshot; province 34 lacks a group there, so it has no total and no rank.
PROVINCES = "(select i, lpad(i::varchar, 2, '0') as unit_code, 'Tỉnh ' || i as name_vi from range(1, 35) as t(i)) as p"
GROUPS = """
    (values ('CKMB', 18.0), ('TDGQ', 22.0), ('ONLINE', 12.0), ('TTTT', 10.0), ('MDSH', 20.0), ('MDHL', 18.0))
    as g(group_code, max_score)
"""

GOOD_BATCH: Mapping[str, str] = {
    "files": """
        select
            'portal_service_results' as source, file as source_file, status, date '2026-10-10' as delivery_date,
            split_part(file, '.', 1) as sender,
            read as rows_read, accepted as rows_accepted, 0 as rows_quarantined, read - accepted as rows_duplicate
        from (values ('nation.json', 'accepted', 34, 34), ('H21.json', 'accepted', 3, 3),
            ('again.json', 'duplicate', 34, 0)) as t(file, status, read, accepted)
    """,
    "portal_service_results": f"""
        with units as (
            select
                'nation.json' as source_file, i as record_no, null as parent_agency_code, 'H' || unit_code as agency_code
            from {PROVINCES}
            union all
            select 'H21.json', i, 'H21', 'H21.' || i from range(1, 4) as t(i)
        )
        select
            source_file, record_no, parent_agency_code, agency_code, date '2026-10-10' as delivery_date,
            'year' as time_type, 2026 as year, timestamptz '2026-10-10 07:00:40+07' as extracted_at,
            50.0 + record_no as official_total_score,
            case when parent_agency_code is null then
                [{{'group_code': g, 'score': 9.0}} for g in ['CKMB', 'TDGQ', 'ONLINE', 'TTTT', 'MDSH', 'MDHL']]
            end as group_scores
        from units
    """,
}

GOOD_MARTS: Mapping[str, str] = {
    "mart_coverage": f"""
        select
            {PERIOD}, period_start, period_end, as_of, unit_code as province_code, unit_level, group_code,
            units_expected, units_present
        from {SNAPSHOTS}, {PROVINCES}, {GROUPS},
            (values ('province', 1, 1), ('department', null, 2), ('commune', 100, 0))
            as l(unit_level, units_expected, units_present)
    """,
    "mart_index": f"""
        with parts as (
            select
                snapshot, as_of, period_start, period_end, unit_code, group_code, max_score,
                case when not (snapshot = 2 and i = 34 and group_code = 'ONLINE')
                    then (max_score * 0.6 - i * 0.07)::decimal(6, 2) end as score
            from {SNAPSHOTS}, {PROVINCES}, {GROUPS}
        ),
        totals as (
            select
                snapshot, as_of, period_start, period_end, unit_code, 'TOTAL' as group_code, 100 as max_score,
                -- The portal's own totals may be off by what their parts were rounded.
                case when count(score) = 6 then sum(score) + case when snapshot = 1 then 0.02 else 0 end end as score
            from parts
            group by snapshot, as_of, period_start, period_end, unit_code
        )
        select {PERIOD}, * exclude (snapshot), 'province' as unit_level,
            case when score is not null then case snapshot when 1 then 'official' else 'computed' end end as score_origin
        from (from parts union all by name from totals)
    """,
    "mart_indicator_scores": f"""
        select {PERIOD}, period_start, period_end, as_of, unit_code, 'province' as unit_level, m.*
        from {SNAPSHOTS}, {PROVINCES}, (
            values
            ('ON_TIME_SETTLEMENT', 995, 1000, 0.995::double, 17.91::double, 18.0::double),
            ('FORMALITY_PAID_ONLINE', 0, 0, null, 0.0, 4.0),
            ('AVG_PROCESSING_DAYS', 3300, 1000, 3.3, null, 0.0),
            ('PUBLISH_ON_TIME', null, null, 0.8, 4.8, 6.0)
        ) as m(metric_code, numerator, denominator, ratio, score, max_score)
    """,
    "mart_official_reconciliation": f"""
        select
            {PERIOD}, period_start, period_end, as_of, unit_code, 'province' as unit_level, r.*,
            computed_score - official_score as difference
        from {SNAPSHOTS}, {PROVINCES}, (
            values
            ('ON_TIME_SETTLEMENT', 'metric', true, 17.91::double, 17.911::double, 'match'),
            ('FORMALITY_PAID_ONLINE', 'metric', true, null, null, 'match'),
            ('PUBLISH_ON_TIME', 'metric', false, 4.8, null, 'not_computable'),
            ('ONLINE', 'group', false, 7.2, null, 'not_computable'),
            ('TOTAL', 'total', false, 67.48, 67.5, 'rounding')
        ) as r(metric_code, score_level, has_counts, official_score, computed_score, status)
    """,
    "mart_province_ranking": f"""
        with totals as (
            select
                snapshot, as_of, period_start, period_end, unit_code, name_vi,
                case when snapshot = 1 then 70 - i when i = 34 then null when i = 4 then 68 else 71 - i end
                ::decimal(6, 2) as total_score
            from {SNAPSHOTS}, {PROVINCES}
        ),
        ranked as (
            select *, case when total_score is not null
                then rank() over (partition by snapshot order by total_score desc nulls last) end as rank
            from totals
        ),
        compared as (
            select now.*, before.total_score as previous_score, before.rank as previous_rank
            from ranked as now
            left join ranked as before on now.snapshot = before.snapshot + 1 and now.unit_code = before.unit_code
        )
        select
            {PERIOD}, * exclude (snapshot), 34 as peers, 'year_to_date of 2026-09-26' as baseline,
            coalesce(total_score, 36) + 0.01 as official_score,
            total_score - previous_score as score_change, previous_rank - rank as rank_change,
            case when previous_score is null then 'nothing earlier' when total_score is null then 'no total' end
            as movement_reason
        from compared
    """,
}


#: Below the provinces: two departments of province 01 and one of province 02, that tie or stand alone.
BELOW = """
    with totals as (
        select {period}, period_start, period_end, as_of, unit_code, name_vi, province_code,
            total_score::decimal(6, 2) as total_score, rank
        from {snapshots}, (values ('a', 'A', '01', 60, 1), ('b', 'B', '01', 60, 1), ('c', 'C', '01', null, null),
            ('d', 'D', '02', 50, 1)) as u(unit_code, name_vi, province_code, total_score, rank)
    )
    select *, 'nothing earlier' as movement_reason from totals
"""
GOOD_MARTS = {
    **GOOD_MARTS,
    "mart_department_ranking": BELOW.format(period=PERIOD, snapshots=SNAPSHOTS),
    "mart_commune_ranking": BELOW.format(period=PERIOD, snapshots=SNAPSHOTS),
    "dim_unit": """
        select 'VN' as unit_code, 'nation' as unit_level, null as parent_unit_code, 'Việt Nam' as name_vi
        union all
        select lpad(i::varchar, 2, '0'), 'province', 'VN', 'Tỉnh ' || i from range(1, 35) as t(i)
        union all
        select (10000 + i)::varchar, 'commune', lpad((1 + i % 34)::varchar, 2, '0'), 'Xã ' || i from range(3321) as t(i)
        union all
        select 'H19.17', 'department', '07', 'Sở Nội vụ'
    """,
    "mart_service_headline": f"""
        select 'records' as basis, 'portal_2025' as regime, 'month' as period_type, period_start, period_end, as_of, u.*
        from {SNAPSHOTS}, (values
            ('VN', 'nation', 'Việt Nam', 31, 6, 12, 6, 6, 1, 0.5, 0.5, 0.8),
            ('07', 'province', 'Tỉnh 7', 21, 4, 8, 4, 4, 1, 1.0, null, 0.8),
            ('08', 'province', 'Tỉnh 8', 10, 2, 4, 2, 2, 0, 0.0, 1.0, 0.8)
        ) as u(unit_code, unit_level, name_vi, dossiers_received, early, on_time, within_time, overdue, no_deadline,
            online_ratio, paid_online_ratio, timely_ratio)
    """,
}
GOOD_MARTS |= {
    # Twenty metrics of 4.75 points and one of 5 make 100; the 22nd is only reported.
    "dim_indicator": """
        select regime, 'M' || i as metric_code, case when i <= 20 then 4.75 when i = 21 then 5 end as max_score,
            case when i <= 21 then 0.8 end as full_mark_ratio, i <= 21 as is_scored
        from range(1, 23) as t(i), (values ('portal_2025'), ('portal_2026')) as r(regime)
    """,
    "dim_calendar": """
        select d::date as calendar_date, isodow(d) as weekday, month(d) = 1 and day(d) <= 11 as is_public_holiday,
            isodow(d) < 6 and not (month(d) = 1 and day(d) <= 11) as is_working_day,
            make_date(year(d), 1, 1) as year_start
        from generate_series(timestamp '2025-01-01', timestamp '2025-12-31', interval 1 day) as t(d)
    """,
    "mart_source_quality": """
        select 'H19.17' as agency_code, 'H19' as sender, 'H19' as system, 'end_after_delivery' as defect,
        5 as dossiers, 0.05 as share,
            100 as dossiers_checked
    """,
    "mart_score_gap": f"""
        select {PERIOD}, period_start, period_end, as_of, unit_code, 'province' as unit_level, g.*
        from {SNAPSHOTS}, {PROVINCES}, (values
            ('ON_TIME_SETTLEMENT', 900, 1000, 18.0::double, 20.0::double, 2.0::double, 100, 50, 10),
            ('PUBLISH_ON_TIME', 0, 0, null, 6.0, 6.0, null, null, null)
        ) as g(metric_code, numerator, denominator, score, max_score, points_lost, more_for_full_mark,
            more_for_one_point, more_for_next_rank)
    """,
}
#: What the build made of the lake: three versions of two dossiers.
GOOD_BUILD = """
    create schema staging; create schema core;
    create table staging.stg_exchange__dossiers as select unnest(['A', 'B', 'B']) as dossier_code;
    create table core.core_dossiers__latest as select unnest(['A', 'B']) as dossier_code;
    -- Of 2,000 dossiers 100 of unknown procedures (5 %) and 20 of unknown units; 10 of the 100 of province 75 (10 %).
    create table core.fct_dossier as
        select case when i <= 100 then 'H19' when i <= 110 then 'H26.99' when i <= 120 then 'X9' else 'H26' end
            as agency_code, i % 20 = 1 and i <= 100 or i between 96 and 190 as is_unknown_procedure
        from range(1, 2001) as t(i);
    create table core.dim_procedure as select '1.000001' as procedure_code;
    create table core.core_units__catalogue as select 'H19' as agency_code;
    create table core.bridge_agency_to_unit as
        select * from (values ('H19', '75', 'current'), ('H26', '01', 'current'), ('H26.99', '01', 'unknown'))
            as u(agency_code, province_code, resolution);
"""


def _contracts() -> dict[str, dict[str, str]]:
    """Of each mart, columns and types as its dbt contract gives them."""
    models = ROOT / "dbt_project" / "models"
    files = [
        path
        for place in ("marts/index/*", "core/dim_*", "core/units/dim_*")
        for path in models.glob(f"{place}.yml")
    ]
    contracts = [
        model for path in files for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    ]
    return {
        model["name"]: {column["name"]: column["data_type"] for column in model["columns"]}
        for model in contracts
    }


def _fill(connection: duckdb.DuckDBPyConnection, table: str, columns: Mapping[str, str], query: str) -> None:
    connection.execute(
        f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
    )
    connection.execute(f"insert into {table} by name {query}")


@pytest.fixture(scope="session")
def good_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Database with the batch in schema `main` and the build in schema `marts`."""
    path = tmp_path_factory.mktemp("good") / "good.duckdb"
    contracts = _contracts()
    with duckdb.connect(path) as connection:
        connection.execute("set TimeZone = 'Asia/Ho_Chi_Minh'; create schema marts")
        _fill(connection, "files", FILE_COLUMNS, GOOD_BATCH["files"])
        _fill(
            connection,
            "portal_service_results",
            SERVICE_RESULTS.row_columns,
            GOOD_BATCH["portal_service_results"],
        )
        connection.execute(GOOD_BUILD)
        for table, query in GOOD_MARTS.items():
            _fill(connection, f"marts.{table}", contracts[table], query)
    return path
