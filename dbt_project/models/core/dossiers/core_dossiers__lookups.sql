-- Grain: one row per thing that outcomes are looked up in besides the dossier's own records, and per validity of it.
{{ config(materialized='view') }}
with procedures as (
    select distinct
        'procedure' as input,
        procedure_code as key,
        {{ surrogate_key([
            'procedure_code', 'valid_from', 'valid_to', 'statutory_limit', 'limit_unit', 'is_fee_bearing',
            'returns_paper_result',
        ]) }} as content
    from {{ ref('dim_procedure') }}
),

units as (
    select distinct
        'unit' as input,
        agency_code as key,
        {{ surrogate_key(['agency_code', 'unit_code']) }} as content
    from {{ ref('bridge_agency_to_unit') }}
),

petitions as (
    select distinct
        'petition' as input,
        dossier_code as key,
        {{ surrogate_key(['dossier_code']) }} as content
    from {{ ref('fct_petition') }}
),

final as (
    select * from procedures
    union all
    select * from units
    union all
    select * from petitions
)

select * from final
where key is not null
