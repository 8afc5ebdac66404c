-- Grain: one row per period, province and group, with the middle of the group among the provinces of its region.
select
    g.p, g.unit_code as u, g.group_code as g, g.score, g.max_score, g.score_origin, g.score_reason,
    similar_ones.median_score as similar_median
from group_scores as g
left join regions using (unit_code)
left join peer_medians as similar_ones
    on similar_ones.peer_group = 'region' and g.p = similar_ones.p and g.group_code = similar_ones.part_code
        and regions.region_vi = similar_ones.peer_group_code
order by g.p, g.unit_code, g.group_code
