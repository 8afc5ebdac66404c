-- Grain: one row per period and province or nation: communes, and those that offer electronically certified copies.
{%- set certified_copies = "procedure_code in ('" ~ var('certified_copy_procedure_codes') | join("', '") ~ "')" %}
with periods as (
    select * from {{ ref('int_records__periods') }}
),

presence as (
    select * from {{ ref('int_procedures__active_days') }}
    where {{ certified_copies }}
),

procedures as (
    select * from {{ ref('dim_procedure') }}
    where {{ certified_copies }}
),

units as (
    select * from {{ ref('dim_unit') }}
    where unit_level = 'commune'
),

-- No source says who offers it: a commune does from the first such dossier on, up to the day observed.
first_seen as (
    select
        unit_code,
        min(first_received_date) as first_date
    from presence
    group by unit_code
),

catalogue as (
    select
        periods.period_id,
        count(procedures.procedure_code) as listed
    from periods
    left join procedures
        on {{ valid_on('procedures', 'periods.as_of') }}
    group by periods.period_id
),

-- Without the procedure in the catalogue nothing can be said: 0 of 0, whatever was received.
of_provinces as (
    select
        periods.period_id,
        units.province_code as unit_code,
        case when max(catalogue.listed) > 0 then count(*) else 0 end as communes,
        case
            when max(catalogue.listed) > 0 then count(first_seen.unit_code)
            else 0
        end as communes_with_certified_copies
    from periods
    inner join catalogue
        on periods.period_id = catalogue.period_id
    inner join units
        on {{ unit_on('units', 'periods.as_of') }}
    left join first_seen
        on
            units.unit_code = first_seen.unit_code
            and periods.as_of >= first_seen.first_date
    group by periods.period_id, units.province_code
),

final as (
    {{ with_nation('of_provinces', ['communes', 'communes_with_certified_copies']) }}
)

select * from final
