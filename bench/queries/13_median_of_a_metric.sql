-- What is usual?
select
    metric_code,
    percentile_cont(0.5) within group (order by ratio) as median_ratio
from marts.mart_indicator_scores
where basis = 'portal' and period_type = 'year_to_date' and unit_level = 'province' and as_of = date '2026-10-10'
group by metric_code
order by metric_code
