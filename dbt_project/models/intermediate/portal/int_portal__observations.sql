-- Grain: one row per period key, unit and metric.
with snapshot_rows as (
    select * from {{ ref('int_portal__snapshot_rows') }}
),

metric_results as (
    select * from {{ ref('stg_portal__metric_results') }}
),

numbered as (
    select
        {{ period_keys('snapshot_rows') }},
        snapshot_rows.unit_code,
        snapshot_rows.unit_level,
        metric_results.metric_code,
        metric_results.numerator,
        metric_results.denominator,
        metric_results.published_ratio,
        metric_results.official_score,
        metric_results.denominator_status,
        row_number() over (
            partition by
                {{ period_keys('snapshot_rows') }}, snapshot_rows.unit_code, metric_results.metric_code
            order by snapshot_rows.preference
        ) as preference
    from snapshot_rows
    inner join metric_results
        on
            snapshot_rows.file_hash = metric_results.file_hash
            and snapshot_rows.record_no = metric_results.record_no
),

final as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        metric_code,
        numerator,
        denominator,
        published_ratio,
        official_score,
        denominator_status
    from numbered
    where preference = 1
)

select * from final
