-- Grain: one row per agency code: what the newest validity of the catalogue says of it.
with unit_catalogue as (
    select * from {{ ref('stg_exchange__unit_catalogue') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by agency_code
            order by
                precedence asc, coalesce(valid_to, cast('9999-12-31' as date)) desc, valid_from desc,
                delivery_date desc, content_id asc
        ) as preference
    from unit_catalogue
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
        split_part(agency_code, '.', 1) as province_agency_code
    from numbered
    where preference = 1
)

select * from final
