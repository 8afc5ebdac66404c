-- Grain: one row per period: the columns of its ranking as lists, in the order that every sheet of its workbook has.
with ranked as (
    select periods.p, r.*
    from marts.mart_province_ranking as r
    inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
)

select
    p,
    list(unit_code order by rank nulls last, unit_code) as unit_code,
    list(name_vi order by rank nulls last, unit_code) as name_vi,
    list(rank order by rank nulls last, unit_code) as rank,
    list(total_score order by rank nulls last, unit_code) as total_score,
    list(rank_change order by rank nulls last, unit_code) as rank_change,
    list(score_change order by rank nulls last, unit_code) as score_change,
    list(band order by rank nulls last, unit_code) as band,
    list(official_rank order by rank nulls last, unit_code) as official_rank,
    list(official_score order by rank nulls last, unit_code) as official_score
from ranked
group by p
order by p
