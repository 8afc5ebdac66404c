-- Grain: one row per period key, unit, metric and source that it rests on and that was not delivered.
with measures as (
    select * from {{ ref('int_records__measures') }}
),

delivered as (
    select * from {{ ref('int_records__delivered') }}
    where not is_delivered
),

metric_sources as (
    select * from {{ ref('bridge_metric_to_source') }}
),

indicators as (
    select * from {{ ref('indicators') }}
),

levels_below as (
    select distinct unit_level
    from measures
    where unit_level in ('department', 'commune')
),

-- A unit below the province rests on the catalogue besides: without it no dossier leads to the unit, and its zeros
-- would be nobody's. What is carried from the province rests on what the province delivered.
needed as (
    select
        indicators.metric_code,
        indicators.group_code,
        indicators.is_scored,
        indicators.is_measured_below_province,
        metric_sources.source,
        cast(null as string) as unit_level
    from indicators
    inner join metric_sources
        on indicators.metric_code = metric_sources.metric_code
    union all
    select
        indicators.metric_code,
        indicators.group_code,
        indicators.is_scored,
        indicators.is_measured_below_province,
        'unit_catalogue' as source,
        levels_below.unit_level
    from indicators
    cross join levels_below
    where indicators.is_measured_below_province
),

final as (
    select distinct
        {{ period_keys('measures') }},
        measures.unit_code,
        needed.metric_code,
        needed.group_code,
        needed.is_scored,
        needed.source
    from measures
    inner join needed
        on coalesce(needed.unit_level, measures.unit_level) = measures.unit_level
    inner join delivered
        on
            measures.period_id = delivered.period_id
            and needed.source = delivered.source
            and delivered.unit_code = case
                when needed.is_measured_below_province then measures.unit_code
                else coalesce(measures.province_code, measures.unit_code)
            end
)

select * from final
