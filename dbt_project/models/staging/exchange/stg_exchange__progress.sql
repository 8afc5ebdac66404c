-- Grain: one row per step of a dossier, as delivered.
with source as (
    select * from {{ source('exchange', 'progress') }}
),

final as (
    select
        batch,
        coalesce(precedence, 1) as precedence,
        cast(delivery_date as date) as delivery_date,
        {{ dossier_code_today('dossier_code') }} as dossier_code,
        status_code,
        acted_at
    from source
    where acted_at is not null and status_code is not null
)

select * from final
