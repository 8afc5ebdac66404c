-- Grain: one row per period key, unit, metric and source that it rests on and that was not delivered.
with measures as (
    select * from {{ ref('int_records__measures') }}
),

delivered as (
    select * from {{ ref('int_records__delivered') }}
    where not is_delivered
),

metric_sources as (
    select * from {{ ref('metric_sources') }}
),

indicators as (
    select * from {{ ref('indicators') }}
),

-- What is carried from the province rests on what the province delivered.
final as (
    select
        {{ period_keys('measures') }},
        measures.unit_code,
        indicators.metric_code,
        indicators.group_code,
        indicators.is_scored,
        metric_sources.source
    from measures
    cross join indicators
    inner join metric_sources
        on indicators.metric_code = metric_sources.metric_code
    inner join delivered
        on
            measures.period_id = delivered.period_id
            and metric_sources.source = delivered.source
            and delivered.unit_code = case
                when indicators.is_measured_below_province then measures.unit_code
                else coalesce(measures.province_code, measures.unit_code)
            end
)

select * from final
