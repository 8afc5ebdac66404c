-- The value below which a share of scores lies, to two places, halves up: decimals of two places would be cut off.
create temp macro quantile_of(score, share) as quantile_cont(score::decimal(8, 4), share)::decimal(6, 2);

-- Grain: one row per period key of the ranking of provinces, numbered. Everything else on the page names a period by its
-- number. What is said of the whole ranking stands here: the middle of the totals and how many are ranked.
create temp table periods as
select
    row_number() over (order by basis, regime, period_type, period_start, as_of)::integer - 1 as p,
    basis, regime, period_type, period_start, period_end, as_of, min(period_id) as period_id,
    min(period_status) as period_status,
    max(peers) as peers,
    max(peers_expected) as peers_expected,
    max(baseline) as baseline,
    max(incomplete_sources) as incomplete_sources,
    count(total_score) as totals,
    min(total_score) as lowest,
    quantile_of(total_score, 0.25) as lower_quartile,
    quantile_of(total_score, 0.5) as median,
    quantile_of(total_score, 0.75) as upper_quartile,
    max(total_score) as highest
from marts.mart_province_ranking
group by basis, regime, period_type, period_start, period_end, as_of;

-- Grain: one row per period, province and one of the five provinces that received the most similar number of dossiers,
-- by ratio: twice as many is as far as half as many.
create temp table alike as
with sizes as (
    select periods.p, headline.unit_code, headline.dossiers_received
    from marts.mart_service_headline as headline
    inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
    where headline.unit_level = 'province' and headline.dossiers_received > 0
)

select one.p, one.unit_code, other.unit_code as similar_code
from sizes as one
inner join sizes as other on one.p = other.p and one.unit_code <> other.unit_code
qualify
    row_number() over (
        partition by one.p, one.unit_code
        order by abs(ln(other.dossiers_received / one.dossiers_received)), other.unit_code
    ) <= 5;

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
    s.score_reason, s.denominator_status
from marts.mart_indicator_scores as s
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
left join marts.mart_score_gap as gap
    on s.basis = gap.basis and s.regime = gap.regime and s.period_type = gap.period_type
        and s.period_start = gap.period_start and s.period_end = gap.period_end and s.as_of = gap.as_of
        and s.unit_code = gap.unit_code and s.metric_code = gap.metric_code
where s.unit_level in ('province', 'nation');
