-- Grain: one row per period key, unit and row of an answer that its current capture consists of.
with snapshots as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

results as (
    select * from {{ ref('core_portal__results') }}
    where not is_of_another_moment
),

units as (
    select * from {{ ref('core_units__portal') }}
    where unit_code is not null
),

final as (
    select
        {{ period_keys('snapshots') }},
        snapshots.unit_code,
        snapshots.unit_level,
        results.file_hash,
        results.record_no,
        -- What one capture says of one thing twice is taken from the list that the total is of.
        row_number() over (
            partition by {{ period_keys('snapshots') }}, snapshots.unit_code
            order by
                (results.official_total_score is not null) desc, results.file_hash asc, results.record_no asc
        ) as preference
    from snapshots
    inner join results
        on
            snapshots.capture_key = results.capture_key
            and snapshots.period_type = results.period_type
            and snapshots.period_start = results.period_start
            and snapshots.unit_level = results.unit_level
    inner join units
        on
            snapshots.unit_code = units.unit_code
            and results.agency_code = units.agency_code
            and results.unit_level = units.unit_level
            and results.name_sent_vi = units.name_sent_vi
)

select * from final
