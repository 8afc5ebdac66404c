-- Grain: one row per period and group: the nation's own figure, where there is one, and the provinces' middle.
select
    g.p, g.group_code as g, max(g.max_score) as max_score, min(g.score) as lowest,
    quantile_of(g.score, 0.5) as median, max(g.score) as highest, any_value(nation.score) as nation
from group_scores as g
inner join periods using (p)
left join marts.mart_index as nation
    on nation.unit_level = 'nation' and g.group_code = nation.group_code and periods.basis = nation.basis
        and periods.regime = nation.regime and periods.period_type = nation.period_type
        and periods.period_start = nation.period_start and periods.period_end = nation.period_end
        and periods.as_of = nation.as_of
group by g.p, g.group_code
order by g.p, g.group_code
