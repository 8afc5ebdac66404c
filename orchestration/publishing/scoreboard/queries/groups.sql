-- Grain: one row per period, province and group, with the middle of the group among provinces similar in size.
with similar_medians as (
    select alike.p, alike.unit_code, other.group_code, quantile_of(other.score, 0.5) as similar_median
    from alike
    inner join group_scores as other on alike.p = other.p and alike.similar_code = other.unit_code
    group by alike.p, alike.unit_code, other.group_code
)

select g.p, g.unit_code as u, g.group_code as g, g.score, g.max_score, g.score_origin, g.score_reason, s.similar_median
from group_scores as g
left join similar_medians as s using (p, unit_code, group_code)
order by g.p, g.unit_code, g.group_code
