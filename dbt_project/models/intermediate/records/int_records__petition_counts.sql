-- Grain: one row per period and unit, with all units below it: what its petitions add up to.
with periods as (
    select * from {{ ref('int_records__periods') }}
),

daily as (
    select * from {{ ref('int_petitions__daily') }}
),

ancestors as (
    select * from {{ ref('bridge_unit_rollup') }}
),

-- A petition still being handled counts as timely until its last day is over.
observed as (
    select
        periods.period_id,
        ancestors.ancestor_code as unit_code,
        daily.petitions,
        daily.about_procedures,
        daily.about_staff,
        case when coalesce(daily.within_until_date, periods.as_of) >= periods.as_of then daily.timely else 0 end
            as timely,
        case when coalesce(daily.within_until_date, periods.as_of) >= periods.as_of then daily.satisfied else 0 end
            as satisfied
    from periods
    inner join daily
        on daily.counted_date between periods.period_start and periods.as_of
    inner join ancestors
        on daily.unit_code = ancestors.unit_code
),

final as (
    select
        period_id,
        unit_code,
        cast(sum(petitions) as bigint) as petitions,
        cast(sum(about_procedures) as bigint) as petitions_about_procedures,
        cast(sum(about_staff) as bigint) as petitions_about_staff,
        cast(sum(timely) as bigint) as petitions_on_time,
        cast(sum(satisfied) as bigint) as petitions_satisfied
    from observed
    group by period_id, unit_code
)

select * from final
