-- Grain: one row per period key, unit and group.
with snapshot_rows as (
    select * from {{ ref('int_portal__snapshot_rows') }}
),

group_scores as (
    select * from {{ ref('stg_portal__group_scores') }}
),

numbered as (
    select
        {{ period_keys('snapshot_rows') }},
        snapshot_rows.unit_code,
        snapshot_rows.unit_level,
        group_scores.group_code,
        group_scores.official_score,
        row_number() over (
            partition by
                {{ period_keys('snapshot_rows') }}, snapshot_rows.unit_code, group_scores.group_code
            order by snapshot_rows.preference
        ) as preference
    from snapshot_rows
    inner join group_scores
        on
            snapshot_rows.file_hash = group_scores.file_hash
            and snapshot_rows.record_no = group_scores.record_no
),

final as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        group_code,
        official_score
    from numbered
    where preference = 1
)

select * from final
