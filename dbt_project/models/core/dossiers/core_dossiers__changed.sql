-- Grain: one row per dossier that this run computes again, and reason.
{{ config(materialized='table') }}
with versions as (
    select * from {{ ref('core_dossiers__versions') }}
),

progress as (
    select * from {{ ref('stg_exchange__progress') }}
),

changed_lookups as (
    {{ changed_lookups(ref('core_dossiers__lookups')) }}
),

-- A file of nothing but progress changes dossiers, too.
final as (
    select
        dossier_code,
        'dossier' as reason
    from versions
    where {{ new_batches_only('dossiers') }}
    union
    select
        dossier_code,
        'progress' as reason
    from progress
    where {{ new_batches_only('progress') }}
    {% for lookup, column in [
        ('procedure', 'procedure_code'), ('unit', 'agency_code'), ('unit', 'received_place_code'),
        ('petition', 'dossier_code'),
    ] -%}
        union
        select
            versions.dossier_code,
            changed_lookups.input as reason
        from versions
        inner join changed_lookups
            on versions.{{ column }} = changed_lookups.key
        where changed_lookups.input = '{{ lookup }}'
    {% endfor %}
)

select * from final
