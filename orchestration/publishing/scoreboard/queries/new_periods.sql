-- Grain: one row per period key that is in this release and not in the one before it, or the other way round.
with now as (
    select distinct basis, regime, period_type, period_start, period_end, as_of from marts.mart_province_ranking
),

before as (
    select distinct basis, regime, period_type, period_start, period_end, as_of from before.mart_province_ranking
),

final as (
    select 'new' as kind, * from (from now except from before)
    union all
    select 'gone' as kind, * from (from before except from now)
)

select kind, basis, regime, period_type, period_start, period_end, as_of from final order by all
