-- Grain: one row per file of the portal's and time that it was read: what became of it, and the moment that it is of.
-- depends_on: {{ source('portal', 'portal_service_results') }}
with files as (
    select * from {{ manifests_of('portal_service_results') }}
),

moments as (
    select
        *,
        {{ local_time('captured_at') }} as observed_at
    from files
),

final as (
    select
        source_file,
        {{ is_synthetic('source_file') }} as is_synthetic,
        file_hash,
        cast(delivery_date as date) as delivery_date,
        sender,
        status,
        observed_at,
        cast({{ hours_before('observed_at', var('portal_day_starts_at_hour')) }} as date) as as_of,
        rows_read,
        {{ array_contains('reason_codes', "'portal_refreshing'") }} as is_refreshing
    from moments
)

select * from final
