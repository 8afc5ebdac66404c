-- Grain: one row per period key, unit and metric.
with snapshots as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

metric_results as (
    select * from {{ ref('stg_portal__metric_results') }}
),

final as (
    select
        {{ period_keys('snapshots') }},
        snapshots.unit_code,
        snapshots.unit_level,
        metric_results.metric_code,
        metric_results.numerator,
        metric_results.denominator,
        metric_results.published_ratio,
        metric_results.official_score,
        metric_results.denominator_status
    from snapshots
    inner join metric_results
        on
            snapshots.file_hash = metric_results.file_hash
            and snapshots.agency_code = metric_results.agency_code
)

select * from final
