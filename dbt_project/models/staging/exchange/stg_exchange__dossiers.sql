-- Grain: one row per version of a dossier (batch, file_hash, record_no).
{%- set content = [
    'dossier_code', 'procedure_code', 'channel_code', 'applicant_kind_code', 'submitted_at', 'received_at', 'due_at',
    'status_code', 'returned_at', 'finished_at', 'refused_at', 'received_place_code', 'is_vneid_verified',
    'paid_online_code', 'submitted_documents', 'fees', 'supplements', 'results', 'database_codes',
] %}
{%- set seen_moments = [] %}
{%- for moment in ['submitted_at', 'received_at', 'finished_at', 'returned_at', 'refused_at'] -%}
    {%- do seen_moments.append(seen_at(moment, 'cast(delivery_date as date)')) -%}
{%- endfor %}
{%- for moment in ['item.requested_at', 'item.received_at'] -%}
    {%- do seen_moments.append(array_max('supplements', seen_at(moment, 'cast(delivery_date as date)'))) -%}
{%- endfor %}
with source as (
    select * from {{ source('exchange', 'dossiers') }}
),

-- What the flags look at: documents and results that stand, and the results that are no copy of what was
-- submitted (an exporter repeats the first submitted file where there is no result).
standing as (
    select
        *,
        {{ array_filter('submitted_documents', 'not coalesce(item.is_deleted, false)') }} as documents,
        {{ array_transform('submitted_documents', 'item.document_id') }} as document_ids,
        {{ array_filter('supplements', 'item.requested_at is not null') }} as requests
    from source
),

with_results as (
    select
        *,
        {{ array_filter('results', 'not ' ~ array_contains('document_ids', 'item.document_id')) }}
            as own_results
    from standing
),

final as (
    select
        {{ surrogate_key(['batch', 'file_hash', 'record_no']) }} as version_id,
        {{ surrogate_key(['sender'] + content) }} as content_id,
        batch,
        sender,
        cast(delivery_date as date) as delivery_date,
        coalesce(precedence, 1) as precedence,
        {{ dossier_code_today('dossier_code') }} as dossier_code,
        {{ agency_of('dossier_code') }} as agency_code,
        procedure_code,
        coalesce(channel_code, 1) as channel_code,
        submitted_at,
        received_at,
        due_at,
        status_code,
        finished_at,
        returned_at,
        refused_at,
        {{ agency_code_today('received_place_code') }} as received_place_code,
        is_vneid_verified,
        paid_online_code,
        -- Dates that something happened on. A due date is a promise: it lies ahead of what the version knows. So does
        -- what is dated after the delivery (2099): it must not be the last word for ever.
        {{ greatest_non_null(seen_moments) }} as own_moment_at,
        {{ array_count_where('requests', 'item.received_at is null') }} as open_requests,
        {{ array_max('requests', 'case when item.received_at is null then item.requested_at end') }}
            as open_requested_at,
        {{ intervals(array_filter('requests', 'item.received_at > item.requested_at')) }} as completed_requests,
        {{ array_any('documents', 'item.document_id is not null') }} as has_submitted_file,
        {{ array_any('documents', 'item.is_reused') }} as has_reused_document,
        {{ array_any('documents', 'item.is_from_national_store') }} as has_stored_document,
        {{ array_any('own_results', 'item.has_file') }} as has_result_file,
        {{ array_any('own_results', 'item.has_file and item.result_code is not null') }} as has_electronic_result,
        {{ array_length('own_results') }} < {{ array_length('results') }} as has_copied_result,
        {{ array_length('fees') }} > 0
        and not {{ array_any('fees', 'coalesce(item.price, 1) <> 0') }} as is_free_of_charge,
        {{ array_transform(array_filter('fees', 'coalesce(item.price, 1) <> 0'), 'item.collection_form_code') }}
            as collection_form_codes,
        {{ array_contains('database_codes', "'" ~ var('population_database_code') ~ "'") }} as has_population_data,
        case
            when {{ array_length('database_codes') }} = 1 then {{ array_first('database_codes') }}
        end as only_database_code
    from with_results
)

select * from final
