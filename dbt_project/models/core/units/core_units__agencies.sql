-- Grain: one row per agency code that any record or catalogue names.
with dossiers as (
    select * from {{ ref('core_dossiers__versions') }}
),

petitions as (
    select * from {{ ref('stg_exchange__petitions') }}
),

decisions as (
    select * from {{ ref('stg_exchange__publication_decisions') }}
),

report_totals as (
    select * from {{ ref('stg_exchange__national_report_totals') }}
),

deliveries as (
    select * from {{ ref('stg_exchange__deliveries') }}
),

catalogue as (
    select * from {{ ref('core_units__catalogue') }}
),

units as (
    select * from {{ ref('core_units__listed') }}
),

named as (
    select distinct agency_code from dossiers
    union
    select distinct received_place_code as agency_code from dossiers
    union
    select agency_code from petitions
    union
    select agency_code from decisions
    union
    select agency_code from report_totals
    union
    select sender_code as agency_code from deliveries
    union
    select agency_code from catalogue
    union
    select agency_code from units
),

final as (
    select agency_code
    from named
    where agency_code is not null
)

select * from final
