-- The marts of a release by hand: three provinces of which one lacks a group, two days of the portal, and a month of
-- records. The records are synthetic.
create schema marts;
create table keys as from (values
    ('portal', 'portal_2026', 'year_to_date', date '2026-01-01', date '2026-12-31', date '2026-10-06'),
    ('portal', 'portal_2026', 'year_to_date', date '2026-01-01', date '2026-12-31', date '2026-10-10'),
    ('records', 'portal_2025', 'month', date '2025-11-01', date '2025-11-30', date '2025-11-30')
) as t(basis, regime, period_type, period_start, period_end, as_of);
create table provinces as from (values
    ('01', 'Hà Nội', 'Ha Noi', 'H26', 'city'), ('52', 'Gia Lai', 'Gia Lai', 'H21', 'province'),
    ('75', 'Đồng Nai', 'Dong Nai', 'H19', 'province')
) as t(unit_code, name_vi, name_en, agency_code, unit_type);

create table marts.mart_province_ranking as
select
    keys.*, 'provisional' as period_status, t.unit_code, p.name_vi, p.name_en, p.unit_type, p.agency_code,
    t.unit_code as province_code, t.total_score::decimal(6, 2) as total_score, t.rank::integer as rank, 2 as peers,
    3 as peers_expected, if(t.score_change is null, null, 'year_to_date from 2026-01-01 as of 2026-10-06') as baseline,
    (t.total_score - t.score_change)::decimal(6, 2) as previous_score, (t.rank + t.rank_change)::integer as previous_rank,
    t.score_change::decimal(6, 2) as score_change, t.rank_change::integer as rank_change,
    case when t.total_score >= 70 then 'fair' when t.total_score >= 50 then 'average' end as band,
    t.official_score::decimal(6, 2) as official_score, t.rank::integer as official_rank,
    if(t.rank is null, 'no figure for ONLINE', null) as rank_reason,
    if(t.score_change is null, 'no earlier figures of this kind', null) as movement_reason,
    if(keys.basis = 'records', 'petitions', null) as incomplete_sources,
    concat_ws('.', keys.basis, regime, period_type, period_start, period_end, keys.as_of) as period_id,
    keys.basis = 'records' as contains_synthetic
from (values
    ('portal', date '2026-10-06', '75', 66.97, 2, null, null, 66.97), ('portal', date '2026-10-06', '52', 67.10, 1, null, null, 67.10),
    ('portal', date '2026-10-06', '01', null, null, null, null, null),
    ('portal', date '2026-10-10', '75', 70.48, 1, 3.51, 1, 70.49), ('portal', date '2026-10-10', '52', 66.23, 2, -0.87, -1, 66.23),
    ('portal', date '2026-10-10', '01', null, null, null, null, null),
    ('records', date '2025-11-30', '75', 92.19, 1, null, null, null), ('records', date '2025-11-30', '52', 0.00, 2, null, null, null),
    ('records', date '2025-11-30', '01', null, null, null, null, null)
) as t(basis, as_of, unit_code, total_score, rank, score_change, rank_change, official_score)
inner join keys using (basis, as_of)
inner join provinces as p using (unit_code);

create table marts.mart_department_ranking as
select * replace (unit_code || '.' || 7 as unit_code, 'Sở Nội vụ' as name_vi, null::varchar as name_en, 'department' as unit_type)
from marts.mart_province_ranking where unit_code = '75';
create table marts.mart_commune_ranking as
select
    * replace (
        c.code as unit_code, c.name as name_vi, null::varchar as name_en, 'commune' as unit_type, c.score::decimal(6, 2) as total_score,
        c.place::integer as rank, null::decimal(6, 2) as score_change, null::integer as rank_change
    )
from marts.mart_province_ranking
cross join (values ('26041', 'Xã Đại Phước', 81.25, 1), ('26042', 'Xã <b>Long Thành</b>', 12.50, 2)) as c(code, name, score, place)
where unit_code = '75';
-- Two regions of its own, so that two of the three provinces are similar.
create table marts.dim_unit as
select
    *, 'province' as unit_level, null::date as valid_to, row_number() over (order by unit_code)::integer as tile_row, 2 as tile_column,
    if(unit_code = '01', 'Vùng bắc', 'Vùng nam') as region_vi, if(unit_code = '01', 'The north', 'The south') as region_en
from provinces;
create table marts.dim_group as
select r.regime, g.* from (values ('portal_2025'), ('portal_2026')) as r(regime)
cross join (values
    ('TOTAL', 0, 'Tổng điểm', 'Total'), ('CKMB', 1, 'Công khai, minh bạch', 'Publicity and transparency'),
    ('TDGQ', 2, 'Tiến độ giải quyết', 'Settlement progress'), ('ONLINE', 3, 'Cung cấp dịch vụ trực tuyến', 'Online services'),
    ('TTTT', 4, 'Thanh toán trực tuyến', 'Online payment'), ('MDSH', 5, 'Số hóa hồ sơ', 'Digitisation'),
    ('MDHL', 6, 'Mức độ hài lòng', 'Satisfaction')
) as g(group_code, position, name_vi, name_en);

create table marts.mart_index as
select
    keys.*, unit_code, if(unit_code = 'VN', 'nation', 'province') as unit_level, g.group_code,
    g.score::decimal(6, 2) as score, g.max_score::double as max_score, if(g.score is null, null, 'computed') as score_origin,
    if(g.score is null, 'not_delivered: petitions', null) as score_reason
from keys
cross join (values
    ('75', 'CKMB', 12.00, 18), ('75', 'ONLINE', 9.50, 12), ('52', 'CKMB', 15.01, 18), ('52', 'ONLINE', 0.00, 12),
    ('01', 'CKMB', 10.00, 18), ('01', 'ONLINE', null, 12), ('VN', 'CKMB', 12.34, 18)
) as g(unit_code, group_code, score, max_score);

create table marts.dim_indicator as
select r.regime, t.* from (values ('portal_2025'), ('portal_2026')) as r(regime)
cross join (values
    ('DOSSIER_SYNC', 'CKMB', 'Tỷ lệ hồ sơ đồng bộ', 'Dossiers synchronised', 6.0, 1.0, 'verified', true, 'dossier'),
    ('PUBLISH_ON_TIME', 'CKMB', 'Tỷ lệ TTHC công bố đúng hạn', 'Announced on time', 6.0, 1.0, 'verified', true, 'procedure'),
    ('AVG_PROCESSING_DAYS', 'TDGQ', 'Số ngày xử lý', 'Processing days', 0.0, null, null, false, 'day')
) as t(metric_code, group_code, name_vi, name_en, max_score, full_mark_ratio, evidence, is_scored, counted_unit);

create table marts.mart_indicator_scores as
select
    keys.*, s.unit_code, 'province' as unit_level, s.metric_code, s.numerator::bigint as numerator,
    s.denominator::bigint as denominator, s.ratio::double as ratio, s.average_days::double as average_days, s.score::double as score, 6.0::double as max_score,
    'CKMB' as group_code, if(coalesce(s.ratio, s.average_days) is null, 'not_delivered: procedures', null) as score_reason, null::varchar as denominator_status
from keys
cross join (values
    ('75', 'DOSSIER_SYNC', 1234567, 2469134, 0.5, null, 3.0), ('75', 'PUBLISH_ON_TIME', 0, 80, 0.0, null, 0.0),
    ('75', 'AVG_PROCESSING_DAYS', null, null, null, 2.75, null), ('52', 'DOSSIER_SYNC', 3, 4, 0.75, null, 4.5),
    ('52', 'PUBLISH_ON_TIME', null, null, null, null, null)
) as s(unit_code, metric_code, numerator, denominator, ratio, average_days, score);
create table marts.mart_score_gap as
select
    * exclude (group_code, score_reason, denominator_status, ratio, average_days) replace (coalesce(score, 0) as score), group_code, score_reason,
    if(ratio is null, null, 6 - score) as points_lost, denominator - numerator as more_for_full_mark,
    ceil(denominator / 6)::bigint as more_for_one_point, null::bigint as more_for_next_rank,
    null::varchar as full_mark_reason, null::varchar as one_point_reason, 'no peer has a better total' as next_rank_reason
from marts.mart_indicator_scores where metric_code <> 'AVG_PROCESSING_DAYS';

create table marts.mart_service_headline as
select
    keys.*, h.unit_code, if(h.unit_code = 'VN', 'nation', 'province') as unit_level, h.received::bigint as dossiers_received,
    0.9792 as online_ratio, 0.9863 as paid_online_ratio, 1::bigint as early, 2::bigint as on_time, 3::bigint as within_time,
    4::bigint as overdue, 5::bigint as no_deadline, 0.99 as timely_ratio, null::decimal(6, 2) as total_score
from keys cross join (values ('75', 7294), ('52', 5000), ('01', 90000), ('VN', 102294)) as h(unit_code, received);

-- Totals: of each period two, 66.97 and 67.10, 66.23 and 70.48, 0 and 92.19; quartiles between them, halves up. CKMB is 12.00,
-- 15.01 and, in the north, 10.00; ONLINE 9.50 and 0.00. Of DOSSIER_SYNC 0.5 and 0.75 are shares, 3 and 1.5 points are lost.
create table marts.mart_peer_medians as
select
    keys.*, 'province' as unit_level, m.peer_group, m.peer_group_code, m.part_level, m.group_code, m.part_code, m.units,
    m.lowest::decimal(6, 2) as lowest_score, m.lower_quartile::decimal(6, 2) as lower_quartile, m.median::decimal(6, 2) as median_score,
    m.upper_quartile::decimal(6, 2) as upper_quartile, m.highest::decimal(6, 2) as highest_score, m.max_score::double as max_score,
    m.lost::decimal(6, 2) as median_points_lost, m.ratio::double as median_ratio, m.days::double as median_average_days
from keys
inner join (values
    (date '2026-10-06', 'nation', 'VN', 'total', 'TOTAL', 'TOTAL', 2, 66.97, 67.00, 67.04, 67.07, 67.10, 100, null, null, null),
    (date '2026-10-10', 'nation', 'VN', 'total', 'TOTAL', 'TOTAL', 2, 66.23, 67.29, 68.36, 69.42, 70.48, 100, null, null, null),
    (date '2025-11-30', 'nation', 'VN', 'total', 'TOTAL', 'TOTAL', 2, 0.00, 23.05, 46.10, 69.14, 92.19, 100, null, null, null),
    (null, 'nation', 'VN', 'group', 'CKMB', 'CKMB', 3, 10.00, 11.00, 12.00, 13.51, 15.01, 18, null, null, null),
    (null, 'region', 'Vùng nam', 'group', 'CKMB', 'CKMB', 2, 12.00, 12.75, 13.51, 14.26, 15.01, 18, null, null, null),
    (null, 'region', 'Vùng bắc', 'group', 'CKMB', 'CKMB', 1, 10.00, 10.00, 10.00, 10.00, 10.00, 18, null, null, null),
    (null, 'nation', 'VN', 'group', 'ONLINE', 'ONLINE', 2, 0.00, 2.38, 4.75, 7.13, 9.50, 12, null, null, null),
    (null, 'region', 'Vùng nam', 'group', 'ONLINE', 'ONLINE', 2, 0.00, 2.38, 4.75, 7.13, 9.50, 12, null, null, null),
    (null, 'region', 'Vùng bắc', 'group', 'ONLINE', 'ONLINE', 0, null, null, null, null, null, 12, null, null, null),
    (null, 'nation', 'VN', 'metric', 'CKMB', 'DOSSIER_SYNC', 2, 3.00, 3.38, 3.75, 4.13, 4.50, 6, 2.25, 0.625, null),
    (null, 'nation', 'VN', 'metric', 'CKMB', 'PUBLISH_ON_TIME', 1, 0.00, 0.00, 0.00, 0.00, 0.00, 6, 6.00, 0.0, null),
    (null, 'nation', 'VN', 'metric', 'TDGQ', 'AVG_PROCESSING_DAYS', 0, null, null, null, null, null, 0, null, null, 2.75)
) as m(
    as_of, peer_group, peer_group_code, part_level, group_code, part_code, units, lowest, lower_quartile, median, upper_quartile, highest,
    max_score, lost, ratio, days
) on keys.as_of = coalesce(m.as_of, keys.as_of);

create table marts.mart_coverage as
select keys.*, '75' as province_code, 'CKMB' as group_code, 'province' as unit_level, 34 as units_expected, 3 as units_present,
    timestamp '2026-10-10 14:00' as newest_at, null::varchar as missing_sources
from keys;
create table marts.mart_official_reconciliation as
select keys.*, '75' as unit_code, 'province' as unit_level, 'total' as score_level, 'rounding' as status, -0.01 as difference,
    false as contains_synthetic
from keys where basis = 'portal';
create table marts.mart_portal_captures as
select keys.*, 'province' as unit_level, 'observation' as capture_status, timestamp '2026-10-10 14:00' as observed_at, 34 as units
from keys where basis = 'portal';
create table marts.mart_source_quality as
from (values ('H19.95', 'H19', 'no_deadline', 17::bigint, true)) as t(agency_code, sender, defect, dossiers, contains_synthetic);
-- Of the 10th against the 6th: 1.00 of a metric, 2.50 of a group and 0.01 by rounding make the 3.51 of 75; of 01 there is no total.
create table marts.bi_movement as
select
    'portal.portal_2026.year_to_date.2026-01-01.2026-12-31.2026-10-06' as from_period_id,
    'portal.portal_2026.year_to_date.2026-01-01.2026-12-31.2026-10-10' as to_period_id,
    'province' as unit_level, m.unit_code, m.group_code, m.part_code,
    case m.part_code when 'TOTAL' then 'rest' when m.group_code then 'group' else 'metric' end as part_level, m.name_vi as part_vi, m.name_en as part_en,
    m.points_from::decimal(6, 2) as points_from, m.points_to::decimal(6, 2) as points_to,
    (m.points_to - m.points_from)::decimal(6, 2) as points_moved, m.numerator_from::bigint as numerator_from,
    m.denominator_from::bigint as denominator_from, m.numerator_to::bigint as numerator_to,
    m.denominator_to::bigint as denominator_to,
    case m.unit_code when '75' then 3.51 when '52' then -0.87 end::decimal(6, 2) as total_moved
from (values
    ('75', 'CKMB', 'DOSSIER_SYNC', 'Tỷ lệ hồ sơ đồng bộ', 'Dossiers synchronised', 2.00, 3.00, 1000, 3000, 1234567, 2469134),
    ('75', 'CKMB', 'PUBLISH_ON_TIME', 'Tỷ lệ TTHC công bố đúng hạn', 'Announced on time', 0.00, 0.00, 0, 79, 0, 80),
    ('75', 'ONLINE', 'ONLINE', 'Cung cấp dịch vụ trực tuyến', 'Online services', 7.00, 9.50, null, null, null, null),
    ('75', 'TOTAL', 'TOTAL', 'Làm tròn của Cổng', 'Rounding by the portal', 0.00, 0.01, null, null, null, null),
    ('52', 'CKMB', 'CKMB', 'Công khai, minh bạch', 'Publicity and transparency', 15.88, 15.01, null, null, null, null),
    ('01', 'CKMB', 'CKMB', 'Công khai, minh bạch', 'Publicity and transparency', 9.00, 10.00, null, null, null, null)
) as m(unit_code, group_code, part_code, name_vi, name_en, points_from, points_to, numerator_from, denominator_from, numerator_to, denominator_to);
create table marts.mart_score_plan as
select
    'portal.portal_2026.year_to_date.2026-01-01.2026-12-31.2026-10-10' as period_id, unit_code, goal, t.goal_total::decimal(6, 2) as goal_total,
    step, metric_code, counted_unit, more_units::bigint as more_units, t.score_before::decimal(6, 2) as score_before,
    t.score_after::decimal(6, 2) as score_after, t.total_after::decimal(6, 2) as total_after,
    case when step = 0 then 'it takes 9.52 points; counts of its own can win 9.00' end as plan_reason
from (values
    ('75', 'next_tenth', 70.50, 1, 'PUBLISH_ON_TIME', 'procedure', 1, 0.00, 0.08, 70.56),
    ('75', 'next_band', 80.00, 0, null, null, null, null, null, 70.48),
    ('52', 'next_rank', 70.49, 1, 'PUBLISH_ON_TIME', 'procedure', 80, 0.00, 6.00, 72.23),
    ('52', 'next_rank', 70.49, 2, 'DOSSIER_SYNC', 'dossier', 1, 4.50, 6.00, 73.73)
) as t(unit_code, goal, goal_total, step, metric_code, counted_unit, more_units, score_before, score_after, total_after);
