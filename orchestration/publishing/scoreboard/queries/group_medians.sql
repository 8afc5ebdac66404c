-- Grain: one row per period and group: the nation's own figure, where there is one, and the provinces' middle.
select
    m.p, m.part_code as g, m.max_score, m.lowest_score as lowest, m.median_score as median, m.highest_score as highest,
    nation.score as nation
from peer_medians as m
inner join periods using (p)
left join marts.mart_index as nation
    on nation.unit_level = 'nation' and m.part_code = nation.group_code and periods.basis = nation.basis
        and periods.regime = nation.regime and periods.period_type = nation.period_type
        and periods.period_start = nation.period_start and periods.period_end = nation.period_end
        and periods.as_of = nation.as_of
where m.peer_group = 'nation' and m.part_level = 'group'
order by m.p, m.part_code
