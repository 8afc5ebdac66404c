-- The marts of a build by hand: a table of figures and the view of one metric, dimensions, and a name that means something to HTML.
create schema marts;
create table marts.dim_indicator (
    regime varchar not null, metric_code varchar not null, group_code varchar not null, name_vi varchar, name_en varchar,
    max_score double, full_mark_ratio double, zero_denominator_score double, evidence varchar, counted_unit varchar,
    valid_from date
);
insert into marts.dim_indicator values
    ('portal_2025', 'DOSSIER_SYNC', 'CKMB', 'Tỷ lệ hồ sơ đồng bộ', 'Dossiers synchronised', 6, 1, null, 'assumed', 'dossier', '2025-01-01'),
    ('portal_2026', 'DOSSIER_SYNC', 'CKMB', 'Tỷ lệ hồ sơ đồng bộ', 'Dossiers synchronised', 6, 0.8, 1.5, 'verified', 'dossier', '2026-01-01'),
    ('portal_2026', 'AVG_PROCESSING_DAYS', 'TDGQ', 'Số ngày xử lý', 'Processing days', 0, null, null, null, 'day', '2026-01-01');
create table marts.dim_group as
select * from (values
    ('portal_2025', 'CKMB', 1, 'Công khai, minh bạch', 'Transparency'), ('portal_2026', 'CKMB', 1, 'Công khai, minh bạch', 'Transparency'),
    ('portal_2026', 'TDGQ', 2, 'Tiến độ giải quyết', 'Settlement progress')
) as t(regime, group_code, position, name_vi, name_en);
create table marts.dim_period as
select 'p1' as period_id, 'Năm 2026' as label_vi;
create table marts.dim_unit as
select * from (values ('75', 'Đồng Nai', date '2025-07-01', date '2026-09-26'), ('75', 'Đồng Nai', date '2026-09-27', null))
as t(unit_code, name_vi, valid_from, valid_to);
create table marts.mart_indicator_scores as
select
    'portal' as basis, 'portal_2026' as regime, 'year_to_date' as period_type, date '2026-01-01' as period_start,
    date '2026-12-31' as period_end, date '2026-10-10' as as_of, 'p1' as period_id, '75' as unit_code,
    'DOSSIER_SYNC' as metric_code, 'CKMB' as group_code, 3.0::double as score, 'a<b' as "odd <i>name"
;
alter table marts.mart_indicator_scores alter basis set not null;
create table marts.mart_index as select * exclude (metric_code, "odd <i>name") from marts.mart_indicator_scores;
create view marts.ind_dossier_sync as select * exclude ("odd <i>name", period_id, group_code) from marts.mart_indicator_scores;
create view marts.bi_indicator as select * exclude ("odd <i>name") from marts.mart_indicator_scores;
create table marts.strange as select 1 as x;

comment on table marts.mart_indicator_scores is
'Grain: one row per period key, unit and metric. All `ind_<metric>` in one table; see `dim_unit`, and <b>nothing</b>. Source: `seeds/reference/a.csv`.';
comment on column marts.mart_indicator_scores.score is 'Points, 0 to `max_score`; see `dim_indicator`.';
comment on column marts.mart_indicator_scores."odd <i>name" is 'Said <u>in English</u> alone.';
comment on table marts.mart_index is 'Grain: one row per period key, unit and group.';
comment on view marts.ind_dossier_sync is 'Grain: one row per period key and unit. Dossiers synchronised / dossiers reported.';
comment on table marts.strange is 'No grain is said here.';
