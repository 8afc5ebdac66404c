-- Grain: one row per unit and validity, and delivery of it (file_hash, record_no).
with source as (
    select * from {{ source('exchange', 'unit_catalogue') }}
),

final as (
    select
        {{ surrogate_key(['agency_code', 'name_vi', 'unit_level', 'parent_agency_code', 'state_code', 'valid_to']) }}
            as content_id,
        cast(delivery_date as date) as delivery_date,
        coalesce(precedence, 1) as precedence,
        {{ agency_code_today('agency_code') }} as agency_code,
        name_vi,
        unit_level,
        {{ agency_code_today('parent_agency_code') }} as parent_agency_code,
        state_code,
        valid_from,
        valid_to
    from source
)

select * from final
