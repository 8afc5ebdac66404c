-- Grain: one row per period key of the ranking of provinces, numbered. Everything else on the page names a period by its
-- number. What is said of the whole ranking stands here: the middle of the totals and how many are ranked.
create temp table periods as
with listed as (
    select
        row_number() over (order by basis, regime, period_type, period_start, as_of)::integer - 1 as p,
        basis, regime, period_type, period_start, period_end, as_of, min(period_id) as period_id,
        min(period_status) as period_status,
        max(peers) as peers,
        max(peers_expected) as peers_expected,
        max(baseline) as baseline,
        max(incomplete_sources) as incomplete_sources,
        bool_or(contains_synthetic) as contains_synthetic
    from marts.mart_province_ranking
    group by basis, regime, period_type, period_start, period_end, as_of
),

totals as (
    select * from marts.mart_peer_medians
    where unit_level = 'province' and peer_group = 'nation' and part_level = 'total'
)

select
    listed.*, coalesce(totals.units, 0) as totals, totals.lowest_score as lowest, totals.lower_quartile,
    totals.median_score as median, totals.upper_quartile, totals.highest_score as highest
from listed
left join totals using (basis, regime, period_type, period_start, period_end, as_of);

-- Grain: one row per period, group or metric and the nation or a region: the middle of its provinces.
create temp table peer_medians as
select periods.p, m.peer_group, m.peer_group_code, m.part_level, m.part_code, m.max_score, m.lowest_score, m.median_score,
    m.highest_score, m.median_points_lost, coalesce(m.median_ratio, m.median_average_days) as median_ratio
from marts.mart_peer_medians as m
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
where m.unit_level = 'province' and m.part_level <> 'total';

-- Grain: one row per province: the region in which others are similar to it. Regions do not change with days.
create temp table regions as
select distinct unit_code, region_vi, region_en from marts.dim_unit
where unit_level = 'province';

-- Grain: one row per period, group and province; the points of the six groups.
create temp table group_scores as
select periods.p, i.unit_code, i.group_code, i.score, i.max_score, i.score_origin, i.score_reason
from marts.mart_index as i
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
where i.unit_level = 'province' and i.group_code <> 'TOTAL';

-- Grain: one row per period, metric and province, or the nation; what is lost on a metric stands beside its counts.
create temp table metric_scores as
select
    periods.p, s.unit_code, s.unit_level, s.metric_code, s.group_code, s.numerator, s.denominator,
    -- One column of the page: a share, or days where the metric counts days (`counted_unit` says which).
    coalesce(s.ratio, s.average_days) as ratio,
    -- Points as the portal shows them; a metric without a score stays without one, where the gap counts it as 0.
    case when s.score is not null then gap.score end as score,
    s.max_score, gap.points_lost, gap.more_for_full_mark, gap.more_for_one_point, gap.more_for_next_rank,
    gap.full_mark_reason, gap.one_point_reason, gap.next_rank_reason,
    s.score_reason, s.denominator_status
from marts.mart_indicator_scores as s
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
left join marts.mart_score_gap as gap
    on s.basis = gap.basis and s.regime = gap.regime and s.period_type = gap.period_type
        and s.period_start = gap.period_start and s.period_end = gap.period_end and s.as_of = gap.as_of
        and s.unit_code = gap.unit_code and s.metric_code = gap.metric_code
where s.unit_level in ('province', 'nation');
