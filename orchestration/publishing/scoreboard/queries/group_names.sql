-- Grain: one row per group of metrics, whatever the rules.
select group_code as g, any_value(name_vi) as name_vi, any_value(name_en) as name_en
from marts.dim_group
where group_code <> 'TOTAL'
group by group_code
order by min(position), group_code
