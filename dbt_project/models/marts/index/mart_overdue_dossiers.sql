-- Grain: one row per open dossier that is overdue.
with dossiers as (
    select * from {{ ref('int_dossiers__backlog') }}
    where state = 'overdue'
),

units as (
    select * from {{ ref('dim_unit') }}
),

listed as (
    select * from {{ ref('core_units__listed') }}
),

procedures as (
    select * from {{ ref('dim_procedure') }}
    where valid_to is null
),

synthetic as (
    select * from {{ ref('int_deliveries__synthetic') }}
    where basis = 'records'
),

final as (
    select
        dossiers.dossier_code,
        dossiers.unit_code,
        dossiers.unit_level,
        coalesce(units.unit_type, listed.unit_type) as unit_type,
        coalesce(units.name_vi, listed.name_vi) as name_vi,
        dossiers.province_code,
        provinces.agency_code as province_agency_code,
        dossiers.procedure_code,
        procedures.name_vi as procedure_name_vi,
        dossiers.received_date,
        dossiers.due_date,
        dossiers.days_overdue,
        case when dossiers.days_overdue is null then 'several_requests' else 'past_due' end as overdue_reason,
        dossiers.is_waiting_for_applicant,
        dossiers.known_until as as_of,
        dossiers.delivery_date as last_delivered_date,
        synthetic.contains_synthetic
    from dossiers
    inner join listed
        on dossiers.unit_code = listed.unit_code
    -- A department that has ended, or has not begun, leaves its dossiers open: it is called what it was called last.
    left join units
        on
            dossiers.unit_code = units.unit_code
            and {{ unit_on('units', 'dossiers.known_until') }}
    inner join units as provinces
        on
            dossiers.province_code = provinces.unit_code
            and {{ unit_on('provinces', 'dossiers.known_until') }}
    left join procedures
        on dossiers.procedure_code = procedures.procedure_code
    cross join synthetic
)

select * from final
