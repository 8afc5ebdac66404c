-- Grain: one row per version of a petition (file_hash, record_no).
{%- set seen_moments = [] %}
{%- for moment in ['received_at', 'transferred_at', 'finished_at'] -%}
    {%- do seen_moments.append(seen_at(moment, 'cast(delivery_date as date)')) -%}
{%- endfor %}
with source as (
    select * from {{ source('exchange', 'petitions') }}
),

final as (
    select
        {{ surrogate_key(['petition_id', 'agency_code', 'received_at', 'transferred_at', 'kind', 'status',
            'finished_at', 'likes', 'dislikes', 'dossier_code']) }} as content_id,
        cast(delivery_date as date) as delivery_date,
        coalesce(precedence, 1) as precedence,
        sender,
        petition_id,
        {{ agency_code_today('agency_code') }} as agency_code,
        received_at,
        transferred_at,
        kind,
        coalesce(status, 'open') as status,
        {{ seen_at('finished_at', 'cast(delivery_date as date)') }} as finished_at,
        coalesce(likes, 0) as likes,
        coalesce(dislikes, 0) as dislikes,
        {{ dossier_code_today('dossier_code') }} as dossier_code,
        {{ greatest_non_null(seen_moments) }} as source_moment_at
    from source
)

select * from final
