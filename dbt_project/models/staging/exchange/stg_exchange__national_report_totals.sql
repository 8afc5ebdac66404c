-- Grain: one row per agency and month, and delivery of it (file_hash, record_no).
with source as (
    select * from {{ source('exchange', 'national_report_totals') }}
),

final as (
    select
        cast(delivery_date as date) as delivery_date,
        coalesce(precedence, 1) as precedence,
        sender,
        {{ agency_code_today('agency_code') }} as agency_code,
        make_date(year, month, 1) as month_start,
        received
    from source
)

select * from final
