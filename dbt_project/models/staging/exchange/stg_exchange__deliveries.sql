-- Grain: one row per file and time that it was read, files without a row and copies of known content among them.
{%- set sources = [
    'dossiers', 'progress', 'procedures', 'publication_decisions', 'petitions', 'national_report_totals',
    'unit_catalogue',
] %}
{% for source_name in sources -%}
-- depends_on: {{ source('exchange', source_name) }}
{% endfor -%}
with files as (
    {% for source_name in sources %}
        select * from {{ manifests_of(source_name) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- A file that was refused delivers nothing; one that was read and has no rows says that there are none.
judged as (
    select
        source,
        source_file,
        file_hash,
        cast(delivery_date as date) as delivery_date,
        sender,
        {{ agency_code_today('upper(trim(sender))') }} as sender_code,
        rows_accepted,
        {{ is_synthetic('source_file') }} as is_synthetic,
        status = 'accepted' or (status <> 'duplicate' and rows_accepted > 0) as is_accepted
    from files
),

-- A copy of known content is a delivery of that content.
final as (
    select
        *,
        bool_or(is_accepted) over (partition by source, file_hash) as is_delivered,
        max(rows_accepted) over (partition by source, file_hash) > 0 as has_rows
    from judged
)

select * from final
