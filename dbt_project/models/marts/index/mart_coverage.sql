-- Grain: one row per period key, province, unit level and group.
with index_scores as (
    select * from {{ ref('mart_index') }}
    where group_code <> 'TOTAL'
),

units as (
    select * from {{ ref('core_units__listed') }}
    where unit_level <> 'nation'
),

lifetimes as (
    select * from {{ ref('core_units__lifetimes') }}
    where unit_level <> 'nation'
),

provinces as (
    select * from {{ ref('dim_unit') }}
    where unit_level = 'province'
),

groups as (
    select * from {{ ref('indicator_groups') }}
),

snapshots as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

measures as (
    select * from {{ ref('int_records__measures') }}
),

-- Captures that describe a day and were refused because the portal was refreshing its figures.
refreshing as (
    select
        'portal' as basis,
        as_of,
        count(distinct source_file) as captures
    from {{ ref('stg_portal__deliveries') }}
    where is_refreshing
    group by as_of
),

-- What a group of a province's units rests on, and some of them lack.
lacking as (
    select
        {{ period_keys('delivered') }},
        coalesce(units.province_code, delivered.unit_code) as province_code,
        delivered.unit_level,
        indicators.group_code,
        {{ comma_list('case when not delivered.is_delivered then delivered.source end') }} as missing_sources,
        {{ comma_list('case when not delivered.is_complete then delivered.source end') }} as incomplete_sources
    from {{ ref('int_records__delivered') }} as delivered
    inner join units
        on delivered.unit_code = units.unit_code
    inner join {{ ref('bridge_metric_to_source') }} as metric_sources
        on delivered.source = metric_sources.source
    inner join {{ ref('indicators') }} as indicators
        on metric_sources.metric_code = indicators.metric_code
    where indicators.is_scored and not (delivered.is_delivered and delivered.is_complete)
    group by
        {{ period_keys('delivered') }}, coalesce(units.province_code, delivered.unit_code),
        delivered.unit_level, indicators.group_code
),

periods as (
    select distinct
        {{ period_keys() }},
        period_id,
        contains_synthetic
    from index_scores
),

levels as (
    select distinct unit_level
    from units
),

days as (
    select distinct as_of
    from periods
),

listed_units as (
    select
        days.as_of,
        lifetimes.province_code,
        lifetimes.unit_level,
        count(*) as units_expected
    from days
    inner join lifetimes
        on {{ unit_on('lifetimes', 'days.as_of') }}
    group by days.as_of, lifetimes.province_code, lifetimes.unit_level
),

-- The portal's payloads are no list of departments: the portal says how many a province has, when it shows its units.
announced_departments as (
    select
        {{ period_keys() }},
        province_code,
        max(expected_departments) as units_expected
    from snapshots
    where unit_level = 'department'
    group by {{ period_keys() }}, province_code
),

present as (
    select
        {{ period_keys('index_scores') }},
        units.province_code,
        units.unit_level,
        index_scores.group_code,
        count(index_scores.score) as units_present,
        max(
            case
                when index_scores.score is not null
                    then coalesce(snapshots.observed_at, cast(measures.newest_delivery_date as timestamp))
            end
        ) as newest_at
    from index_scores
    inner join units
        on index_scores.unit_code = units.unit_code
    left join snapshots
        on
            {{ same_period('index_scores', 'snapshots') }}
            and index_scores.unit_code = snapshots.unit_code
    left join measures
        on
            {{ same_period('index_scores', 'measures') }}
            and index_scores.unit_code = measures.unit_code
    group by {{ period_keys('index_scores') }}, units.province_code, units.unit_level, index_scores.group_code
),

final as (
    select
        {{ period_keys('periods') }},
        provinces.province_code,
        groups.group_code,
        cast(coalesce(announced_departments.units_expected, listed_units.units_expected) as integer) as units_expected,
        cast(coalesce(present.units_present, 0) as integer) as units_present,
        present.newest_at,
        levels.unit_level,
        lacking.missing_sources,
        lacking.incomplete_sources,
        case
            when periods.basis = 'portal' and levels.unit_level = 'province'
                then cast(coalesce(refreshing.captures, 0) as integer)
        end as refreshing_captures,
        periods.period_id,
        periods.contains_synthetic
    from periods
    inner join provinces
        on
            {{ unit_on('provinces', 'periods.as_of') }}
    cross join levels
    cross join groups
    left join listed_units
        on
            periods.as_of = listed_units.as_of
            and provinces.province_code = listed_units.province_code
            and levels.unit_level = listed_units.unit_level
            and (levels.unit_level <> 'department' or periods.basis = 'records')
    left join announced_departments
        on
            {{ same_period('periods', 'announced_departments') }}
            and provinces.province_code = announced_departments.province_code
            and levels.unit_level = 'department'
    left join present
        on
            {{ same_period('periods', 'present') }}
            and provinces.province_code = present.province_code
            and levels.unit_level = present.unit_level
            and groups.group_code = present.group_code
    left join lacking
        on
            {{ same_period('periods', 'lacking') }}
            and provinces.province_code = lacking.province_code
            and levels.unit_level = lacking.unit_level
            and groups.group_code = lacking.group_code
    left join refreshing
        on
            periods.basis = refreshing.basis
            and periods.as_of = refreshing.as_of
)

select * from final
