-- Grain: one row per agency code: what the newest validity of the catalogue says of it.
with validities as (
    select * from {{ ref('core_units__validities') }}
),

final as (
    select
        agency_code,
        name_vi,
        unit_level,
        parent_agency_code,
        state_code,
        valid_from,
        valid_to,
        province_agency_code
    from validities
    where is_newest
)

select * from final
