-- Grain: one row per period, unit and source: whether it was delivered, and whether beyond the end of the period.
with periods as (
    select * from {{ ref('int_records__periods') }}
),

units as (
    select * from {{ ref('core_units__lifetimes') }}
),

listed as (
    select * from {{ ref('core_units__listed') }}
),

sources as (
    select * from {{ ref('delivered_sources') }}
),

scored_sources as (
    select distinct metric_sources.source
    from {{ ref('bridge_metric_to_source') }} as metric_sources
    inner join {{ ref('indicators') }} as indicators
        on metric_sources.metric_code = indicators.metric_code
    where indicators.is_scored
),

deliveries as (
    select * from {{ ref('int_records__deliveries') }}
),

agreements as (
    select * from {{ ref('expected_deliveries') }}
),

daily as (
    select * from {{ ref('int_dossiers__daily') }}
),

newest as (
    select * from {{ ref('int_records__newest_deliveries') }}
),

coverage as (
    select * from {{ ref('bridge_unit_coverage') }}
),

-- A province that joins later says nothing of the days before its first dossier.
first_dates as (
    select
        listed.province_code,
        min(daily.counted_date) as first_date
    from daily
    inner join listed
        on daily.unit_code = listed.unit_code
    group by listed.province_code
),

known as (
    select * from {{ ref('int_dossiers__known_until') }}
    where known_from is not null
),

-- An agreement names who delivers: `*` each province, `nation` for everyone, a province or a unit for itself, anyone
-- else those that it has ever delivered. A sender that has never delivered is late by any day.
agreed_senders as (
    select
        agreements.source,
        agreements.valid_from,
        agreements.valid_to,
        listed.agency_code as sender,
        listed.unit_code
    from agreements
    inner join listed
        on agreements.sender = '*' and listed.unit_level = 'province'
    union all
    select
        agreements.source,
        agreements.valid_from,
        agreements.valid_to,
        agreements.sender,
        coalesce(listed.unit_code, 'VN') as unit_code
    from agreements
    left join listed
        on agreements.sender = listed.agency_code
    where agreements.sender = 'nation' or listed.unit_code is not null
    union all
    select
        agreements.source,
        agreements.valid_from,
        agreements.valid_to,
        agreements.sender,
        deliveries.unit_code
    from agreements
    inner join deliveries
        on agreements.source = deliveries.source and agreements.sender = deliveries.sender
    left join listed
        on agreements.sender = listed.agency_code
    where agreements.sender <> 'nation' and listed.unit_code is null
),

-- An agreement in force on the day after a period is about that period.
awaited as (
    select distinct
        periods.period_id,
        agreed_senders.source,
        agreed_senders.unit_code
    from periods
    inner join agreed_senders
        on
            periods.period_end >= {{ day_before('agreed_senders.valid_from') }}
            and periods.period_end < coalesce(agreed_senders.valid_to, cast('9999-12-31' as date))
    left join deliveries
        on
            agreed_senders.source = deliveries.source
            and agreed_senders.sender = deliveries.sender
            and agreed_senders.unit_code = deliveries.unit_code
            and periods.period_end < deliveries.newest_delivery_date
    where deliveries.source is null
),

units_awaited as (
    select distinct
        awaited.period_id,
        awaited.source,
        coverage.unit_code
    from awaited
    inner join coverage
        on awaited.unit_code = coverage.covered_by
),

-- A period has the units of the day observed: nobody can be ranked with what has ended by then, or has yet to begin.
-- A delivery covers the days before it: dated after the first day of the period, some of it; after its last, all.
judged as (
    select
        periods.period_id,
        {{ period_keys('periods') }},
        units.unit_code,
        units.unit_level,
        units.parent_unit_code,
        sources.source,
        sources.is_event_feed,
        newest.newest_delivery_date,
        case
            when not sources.is_event_feed then newest.newest_delivery_date is not null
            else
                coalesce(newest.newest_delivery_date > periods.period_start, false)
                and (
                    sources.source <> 'dossiers'
                    or coalesce(greatest(first_dates.first_date, known.known_from), periods.period_end)
                    <= periods.period_end
                )
        end as is_delivered,
        case
            when not sources.is_event_feed then newest.newest_delivery_date is not null
            else
                coalesce(newest.newest_delivery_date > periods.period_end, false)
                and units_awaited.unit_code is null
        end as is_complete,
        scored_sources.source is not null as is_scored_on
    from periods
    cross join sources
    inner join units
        on {{ unit_on('units', 'periods.as_of') }}
    left join scored_sources
        on sources.source = scored_sources.source
    left join newest
        on units.unit_code = newest.unit_code and sources.source = newest.source
    left join first_dates
        on units.province_code = first_dates.province_code
    left join known
        on units.unit_code = known.unit_code
    left join units_awaited
        on
            periods.period_id = units_awaited.period_id
            and units.unit_code = units_awaited.unit_code
            and sources.source = units_awaited.source
),

provinces as (
    select
        period_id,
        source,
        bool_or(is_delivered) as is_delivered
    from judged
    where unit_level = 'province'
    group by period_id, source
),

-- The nation has what any province has: nothing of a summer that one delivered up to and another since.
final as (
    select
        judged.period_id,
        {{ period_keys('judged') }},
        judged.unit_code,
        judged.unit_level,
        judged.parent_unit_code,
        judged.source,
        judged.is_event_feed,
        judged.newest_delivery_date,
        case
            when judged.unit_level = 'nation' then coalesce(provinces.is_delivered, false)
            else judged.is_delivered
        end as is_delivered,
        judged.is_complete,
        judged.is_scored_on
    from judged
    left join provinces
        on judged.period_id = provinces.period_id and judged.source = provinces.source
)

select * from final
