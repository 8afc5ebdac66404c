-- Grain: one row per day, unit level and level of score: how our scores compare with the portal's own.
select
    regime, period_type, as_of, unit_level, score_level, count(*) filter (status = 'match') as matched,
    count(*) filter (status = 'rounding') as rounding, count(*) filter (status = 'differs') as differs,
    count(*) filter (status = 'not_computable') as not_computable, round(max(abs(difference)), 4) as largest
from marts.mart_official_reconciliation
group by regime, period_type, as_of, unit_level, score_level
order by as_of desc, period_type, array_position(['province', 'department', 'commune'], unit_level),
    array_position(['total', 'group', 'metric'], score_level)
