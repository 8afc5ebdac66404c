-- Grain: one row per period key that is in this release and not in the one before it, or the other way round; synthetic as
-- the release has it that holds the period.
with now as (
    select basis, regime, period_type, period_start, period_end, as_of, bool_or(contains_synthetic) as contains_synthetic
    from marts.mart_province_ranking
    group by basis, regime, period_type, period_start, period_end, as_of
),

before as (
    select basis, regime, period_type, period_start, period_end, as_of, bool_or(contains_synthetic) as contains_synthetic
    from before.mart_province_ranking
    group by basis, regime, period_type, period_start, period_end, as_of
),

final as (
    select 'new' as kind, now.* from now
    anti join before using (basis, regime, period_type, period_start, period_end, as_of)
    union all
    select 'gone' as kind, before.* from before
    anti join now using (basis, regime, period_type, period_start, period_end, as_of)
)

select kind, basis, regime, period_type, period_start, period_end, as_of, contains_synthetic from final order by all
