-- Grain: one row per id of the portal and agency code that it was captured with: from when to when.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
    where department_id is not null and agency_code is not null
),

final as (
    select
        department_id,
        agency_code,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at
    from unit_results
    group by department_id, agency_code
)

select * from final
