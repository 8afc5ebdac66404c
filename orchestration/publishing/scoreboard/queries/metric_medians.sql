-- Grain: one row per period and metric: the middle of the provinces.
select
    p, metric_code as m, median(ratio) as ratio, quantile_of(score, 0.5) as score,
    quantile_of(points_lost, 0.5) as points_lost
from metric_scores
where unit_level = 'province'
group by p, metric_code
order by p, metric_code
