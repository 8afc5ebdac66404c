-- Grain: one row per unit, ended or not, and source: the newest delivery that covers it.
with coverage as (
    select * from {{ ref('bridge_unit_coverage') }}
),

deliveries as (
    select * from {{ ref('int_records__deliveries') }}
),

final as (
    select
        coverage.unit_code,
        deliveries.source,
        max(deliveries.newest_delivery_date) as newest_delivery_date
    from coverage
    inner join deliveries
        on coverage.covered_by = deliveries.unit_code
    group by coverage.unit_code, deliveries.source
)

select * from final
