-- Grain: one row per procedure of a decision and delivery of it (file_hash, record_no).
with source as (
    select * from {{ source('exchange', 'publication_decisions') }}
),

final as (
    select
        {{ surrogate_key(['decision_no', 'agency_code', 'decision_date', 'procedure_code', 'kind', 'legal_effect_date',
            'published_at']) }} as content_id,
        cast(delivery_date as date) as delivery_date,
        coalesce(precedence, 1) as precedence,
        sender,
        decision_no,
        {{ agency_code_today('agency_code') }} as agency_code,
        decision_date,
        procedure_code,
        kind,
        legal_effect_date,
        cast(published_at as date) as published_date
    from source
)

select * from final
