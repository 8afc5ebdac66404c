-- Grain: one row per id of the portal: the agency code that it was last captured with.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
    where department_id is not null and agency_code is not null
),

numbered as (
    select
        department_id,
        agency_code,
        row_number() over (
            partition by department_id
            order by observed_at desc, agency_code asc
        ) as recency
    from unit_results
),

final as (
    select
        department_id,
        agency_code
    from numbered
    where recency = 1
)

select * from final
