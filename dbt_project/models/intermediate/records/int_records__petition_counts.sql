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

deliveries as (
    select * from {{ ref('int_records__newest_deliveries') }}
    where source = 'petitions'
),

-- What is known of a unit ends on the day before its last delivery: what was not delivered since may have been handled.
seen as (
    select
        periods.period_id,
        daily.*,
        least(periods.as_of, coalesce({{ day_before('deliveries.newest_delivery_date') }}, periods.as_of)) as seen_on
    from periods
    inner join daily
        on daily.counted_date between periods.period_start and periods.as_of
    left join deliveries
        on daily.unit_code = deliveries.unit_code
),

-- A petition still being handled counts as timely until its last day is over.
observed as (
    select
        seen.period_id,
        ancestors.ancestor_code as unit_code,
        seen.petitions,
        seen.about_procedures,
        seen.about_staff,
        case when coalesce(seen.within_until_date, seen.seen_on) >= seen.seen_on then seen.timely else 0 end as timely,
        case when coalesce(seen.within_until_date, seen.seen_on) >= seen.seen_on then seen.satisfied else 0 end
            as satisfied
    from seen
    inner join ancestors
        on seen.unit_code = ancestors.unit_code
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
