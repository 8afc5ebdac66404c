-- Grain: one row per capture of the portal, period key, unit level and parent; one per file that was refused because
-- the portal was refreshing.
with captures as (
    select * from {{ ref('int_portal__captures') }}
),

deliveries as (
    select * from {{ ref('stg_portal__deliveries') }}
),

snapshots as (
    select distinct
        {{ period_keys() }},
        unit_level,
        parent_unit_code,
        capture_key
    from {{ ref('int_portal__unit_snapshots') }}
),

-- Figures that are seen again belong to the capture that first showed them.
judged as (
    select
        *,
        capture_status in ('observation', 'went_back') as is_observation
    from captures
),

counted as (
    select
        *,
        sum(case when is_observation then 1 else 0 end) over (
            partition by basis, regime, period_type, period_start, period_end, unit_level, parent_unit_code
            order by observed_at, capture_key
        ) as observation_no
    from judged
),

observed as (
    select
        *,
        count(case when capture_status = 'seen_again' then 1 end) over (
            partition by
                basis, regime, period_type, period_start, period_end, unit_level, parent_unit_code, observation_no
        ) as others,
        max(case when capture_status <> 'without_list' then observed_at end) over (
            partition by
                basis, regime, period_type, period_start, period_end, unit_level, parent_unit_code, observation_no
        ) as last_observed_at
    from counted
),

refreshing as (
    select
        source_file,
        max(observed_at) as observed_at,
        max(as_of) as as_of
    from deliveries
    where is_refreshing
    group by source_file
),

final as (
    select
        {{ period_keys('observed') }},
        observed.capture_key as capture,
        observed.unit_level,
        observed.parent_unit_code,
        observed.observed_at,
        cast(observed.units as integer) as units,
        observed.capture_status,
        case when observed.is_observation then cast(observed.others as integer) end as times_seen_again,
        case when observed.is_observation then observed.last_observed_at end as last_seen_at,
        cast(observed.units_in_detail as integer) as units_in_detail,
        snapshots.capture_key is not null as is_current
    from observed
    left join snapshots
        on
            {{ same_period('observed', 'snapshots') }}
            and observed.capture_key = snapshots.capture_key
            and observed.unit_level = snapshots.unit_level
            and observed.parent_unit_code = snapshots.parent_unit_code
    union all
    select
        'portal' as basis,
        cast(null as string) as regime,
        cast(null as string) as period_type,
        cast(null as date) as period_start,
        cast(null as date) as period_end,
        as_of,
        source_file as capture,
        'province' as unit_level,
        'VN' as parent_unit_code,
        observed_at,
        cast(null as integer) as units,
        'portal_refreshing' as capture_status,
        cast(null as integer) as times_seen_again,
        cast(null as timestamp) as last_seen_at,
        0 as units_in_detail,
        false as is_current
    from refreshing
)

select * from final
