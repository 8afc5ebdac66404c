-- Grain: one row per period and province that this release and the one before have, with another total or rank now. Of a
-- period that is new as a whole, no row: `new_periods` counts those. A row is synthetic where either figure is.
with now as (
    select r.*, periods.p from marts.mart_province_ranking as r
    inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
),

before as (
    select * from before.mart_province_ranking
)

select
    now.p, now.unit_code as u, now.name_vi, now.name_en, before.total_score as score_before, now.total_score as score_now,
    now.total_score - before.total_score as score_difference, before.rank as rank_before, now.rank as rank_now,
    coalesce(now.contains_synthetic or before.contains_synthetic, false) as contains_synthetic
from now
inner join before using (basis, regime, period_type, period_start, period_end, as_of, unit_code)
where now.total_score is distinct from before.total_score or now.rank is distinct from before.rank
order by now.p, now.rank nulls last, now.unit_code
