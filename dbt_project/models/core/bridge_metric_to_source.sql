-- Grain: one row per metric and source of records that it rests on.
with indicators as (
    select * from {{ ref('indicators') }}
),

delivered_sources as (
    select * from {{ ref('delivered_sources') }}
),

final as (
    select
        indicators.metric_code,
        delivered_sources.source
    from indicators
    inner join delivered_sources
        on ' ' || indicators.sources || ' ' like '% ' || delivered_sources.source || ' %'
)

select * from final
