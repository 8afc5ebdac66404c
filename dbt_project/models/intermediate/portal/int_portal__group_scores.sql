-- Grain: one row per period key, unit and group.
with snapshots as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

group_scores as (
    select * from {{ ref('stg_portal__group_scores') }}
),

final as (
    select
        {{ period_keys('snapshots') }},
        snapshots.unit_code,
        snapshots.unit_level,
        group_scores.group_code,
        group_scores.official_score
    from snapshots
    inner join group_scores
        on
            snapshots.file_hash = group_scores.file_hash
            and snapshots.agency_code = group_scores.agency_code
)

select * from final
