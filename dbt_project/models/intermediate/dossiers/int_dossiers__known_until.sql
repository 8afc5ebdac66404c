-- Grain: one row per unit, ended or not: the days from which and up to which its dossiers were delivered.
with units as (
    select * from {{ ref('core_units__listed') }}
),

agreements as (
    select * from {{ ref('expected_deliveries') }}
    where source = 'dossiers'
),

dossiers as (
    select * from {{ ref('int_records__newest_deliveries') }}
    where source = 'dossiers'
),

catalogues as (
    select * from {{ ref('int_records__newest_deliveries') }}
    where source = 'unit_catalogue'
),

-- A province that joins late delivers what was open by then, and what changes: of the days before, no figure is whole.
agreed as (
    select
        units.unit_code,
        max(agreements.complete_from) as known_from
    from units
    inner join units as provinces
        on units.province_code = provinces.unit_code
    inner join agreements
        on agreements.sender in ('*', provinces.agency_code)
    group by units.unit_code
),

-- Without a catalogue no dossier leads to a unit below the province: its zeros would be nobody's.
final as (
    select
        units.unit_code,
        units.unit_level,
        units.province_code,
        agreed.known_from,
        dossiers.newest_delivery_date as known_until,
        case
            when dossiers.unit_code is null then 'not_delivered: dossiers'
            when units.unit_level <> 'province' and catalogues.unit_code is null then 'not_delivered: unit_catalogue'
        end as unknown_reason
    from units
    left join dossiers
        on units.unit_code = dossiers.unit_code
    left join catalogues
        on units.unit_code = catalogues.unit_code
    left join agreed
        on units.unit_code = agreed.unit_code
    where units.unit_level <> 'nation'
)

select * from final
