-- Grain: one row per payload, row of it and group.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
),

final as (
    select
        unit_results.file_hash,
        unit_results.record_no,
        item.group_code,
        cast(item.score as decimal(6, 2)) as official_score
    from {{ unnest_structs('unit_results', 'group_scores') }}
)

select * from final
