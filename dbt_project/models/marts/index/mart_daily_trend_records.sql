-- Grain: one row per set of rules, unit, scored metric and day of receipt.
{#- Numerator and denominator of a day, as `ind_<metric>` has them of a period: a test compares them. -#}
{%- set of_dossiers = {
    'ON_TIME_SETTLEMENT': ('early + on_time + within_time', 'dossiers_received - no_deadline'),
    'DOSSIER_PAID_ONLINE': ('paid_online', 'with_obligation'),
    'ORIGINAL_RESULT_AVAILABLE': ('with_electronic_result', 'dossiers_received'),
    'SO_HOA_GIAY_TO_GIAI_QUYET': ('digitised', 'dossiers_received'),
    'REUSED_DIGITIZED_DATA': ('with_reused_data', 'dossiers_received'),
    'SYNCED_WITH_DVCQG_PERSONAL_STORAGE': ('from_personal_store', 'dossiers_received'),
    'CITIZEN_DATA_CONNECTED_DOSSIER': ('with_population_data', 'dossiers_received'),
    'DOSSIER_RECEIVING_SATISFACTION': ('satisfied', 'dossiers_received'),
} %}
{%- set of_open_dossiers = {'ON_TIME_SETTLEMENT': 'within_time', 'DOSSIER_RECEIVING_SATISFACTION': 'satisfied'} %}
{%- set of_petitions = {
    'PETITION_PROCESSING_ON_TIME': 'timely', 'PETITION_HANDLING_SATISFACTION': 'satisfied',
} %}
with units as (
    select * from {{ ref('core_units__listed') }}
),

provinces as (
    select unit_code as province_code from {{ ref('core_units__listed') }}
    where unit_level = 'province'
),

daily as (
    select * from {{ ref('int_dossiers__daily') }}
),

open_daily as (
    select * from {{ ref('int_dossiers__open_daily') }}
    where within_until_date is not null
),

petitions as (
    select * from {{ ref('int_petitions__daily') }}
),

newest as (
    select * from {{ ref('int_records__newest_deliveries') }}
),

sources as (
    select * from {{ ref('delivered_sources') }}
),

metric_sources as (
    select * from {{ ref('bridge_metric_to_source') }}
    where
        metric_code in (
            {% for metric in of_dossiers.keys() | list + of_petitions.keys() | list -%}
                '{{ metric }}'
                {%- if not loop.last %},{% endif %}
            {% endfor -%}
        )
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

regimes as (
    select * from {{ ref('regimes') }}
),

synthetic as (
    select * from {{ ref('int_deliveries__synthetic') }}
    where basis = 'records'
),

-- A metric is known as far as the least of what it rests on, and not at all where one of that was never delivered.
known as (
    select
        provinces.province_code,
        metric_sources.metric_code,
        min(case when sources.is_event_feed then newest.newest_delivery_date end) as as_of
    from provinces
    cross join metric_sources
    inner join sources
        on metric_sources.source = sources.source
    left join newest
        on
            provinces.province_code = newest.unit_code
            and metric_sources.source = newest.source
    group by provinces.province_code, metric_sources.metric_code
    having count(*) = count(newest.source)
),

-- What is still open counts in the numerator as long as it is within time.
counted as (
    {% for metric, (numerator, denominator) in of_dossiers.items() -%}
        select
            unit_code,
            counted_date,
            cast(null as date) as within_until_date,
            '{{ metric }}' as metric_code,
            {{ numerator }} as numerator,
            {{ denominator }} as denominator
        from daily
        union all
    {% endfor -%}
    {% for metric, numerator in of_open_dossiers.items() -%}
        select
            unit_code,
            counted_date,
            within_until_date,
            '{{ metric }}' as metric_code,
            {{ numerator }} as numerator,
            0 as denominator
        from open_daily
        union all
    {% endfor -%}
    {% for metric, numerator in of_petitions.items() -%}
        select
            unit_code,
            counted_date,
            within_until_date,
            '{{ metric }}' as metric_code,
            {{ numerator }} as numerator,
            petitions as denominator
        from petitions
        {% if not loop.last -%} union all {%- endif %}
    {% endfor %}
),

by_day as (
    select
        units.province_code,
        counted.metric_code,
        counted.counted_date,
        sum(
            case
                when coalesce(counted.within_until_date, known.as_of) >= {{ day_before('known.as_of') }}
                    then counted.numerator
                else 0
            end
        ) as numerator,
        sum(counted.denominator) as denominator
    from counted
    inner join units
        on counted.unit_code = units.unit_code
    inner join known
        on
            units.province_code = known.province_code
            and counted.metric_code = known.metric_code
    group by units.province_code, counted.metric_code, counted.counted_date
),

first_days as (
    select
        province_code,
        metric_code,
        min(counted_date) as first_date
    from by_day
    group by province_code, metric_code
),

-- Every day that is over, counted or not: a day without a dossier is a day.
of_provinces as (
    select
        regimes.regime,
        known.as_of,
        known.province_code as unit_code,
        'province' as unit_level,
        known.metric_code,
        calendar.calendar_date as counted_date,
        coalesce(by_day.numerator, 0) as numerator,
        coalesce(by_day.denominator, 0) as denominator
    from known
    inner join first_days
        on
            known.province_code = first_days.province_code
            and known.metric_code = first_days.metric_code
    inner join calendar
        on
            first_days.first_date <= calendar.calendar_date
            and known.as_of > calendar.calendar_date
    inner join regimes
        on {{ valid_on('regimes', 'calendar.calendar_date') }}
    left join by_day
        on
            known.province_code = by_day.province_code
            and known.metric_code = by_day.metric_code
            and calendar.calendar_date = by_day.counted_date
    where
        calendar.calendar_date
        <= coalesce(cast(nullif('{{ var("as_of") }}', '') as date), calendar.calendar_date)
),

of_all as (
    select
        *,
        cast(null as integer) as provinces_counted
    from of_provinces
    union all
    select
        regime,
        max(as_of) as as_of,
        'VN' as unit_code,
        'nation' as unit_level,
        metric_code,
        counted_date,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        cast(count(*) as integer) as provinces_counted
    from of_provinces
    group by regime, metric_code, counted_date
),

windowed as (
    select
        *,
        count(*) over last_days as window_days,
        sum(numerator) over last_days as window_numerator,
        sum(denominator) over last_days as window_denominator
    from of_all
    window last_days as (
        partition by regime, unit_code, metric_code
        order by counted_date
        rows between {{ var('trend_window_days') - 1 }} preceding and current row
    )
),

final as (
    select
        'records' as basis,
        windowed.regime,
        windowed.as_of,
        windowed.unit_code,
        windowed.unit_level,
        windowed.metric_code,
        windowed.counted_date,
        cast(windowed.numerator as bigint) as numerator,
        cast(windowed.denominator as bigint) as denominator,
        cast(windowed.numerator as double) / nullif(windowed.denominator, 0) as ratio,
        cast(windowed.window_days as integer) as window_days,
        cast(windowed.window_numerator as bigint) as window_numerator,
        cast(windowed.window_denominator as bigint) as window_denominator,
        cast(windowed.window_numerator as double) / nullif(windowed.window_denominator, 0) as window_ratio,
        windowed.provinces_counted,
        case when windowed.denominator = 0 then 'nothing to count on this day' end as ratio_reason,
        case when windowed.window_denominator = 0 then 'nothing to count in the window' end as window_reason,
        synthetic.contains_synthetic
    from windowed
    cross join synthetic
)

select * from final
