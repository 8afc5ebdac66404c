-- Grain: one row per period and metric: the middle of the provinces.
select
    p, part_code as m, median_ratio as ratio, median_score as score, median_points_lost as points_lost
from peer_medians
where peer_group = 'nation' and part_level = 'metric'
order by p, part_code
