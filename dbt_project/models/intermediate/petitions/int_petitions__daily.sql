-- Grain: one row per unit, day of receipt and last day within time (null once handled): counts that add up.
with petitions as (
    select * from {{ ref('int_petitions__latest') }}
    where received_date is not null
),

units as (
    select * from {{ ref('int_units__resolved') }}
),

final as (
    select
        units.unit_code,
        petitions.received_date as counted_date,
        case when petitions.outcome = 'open' then petitions.due_date end as within_until_date,
        count(*) as petitions,
        count(case when petitions.kind = 'procedure' then 1 end) as about_procedures,
        count(case when petitions.kind = 'staff' then 1 end) as about_staff,
        count(case when petitions.outcome <> 'overdue' then 1 end) as timely,
        count(case when petitions.outcome <> 'overdue' and not petitions.is_disliked then 1 end) as satisfied
    from petitions
    inner join units
        on petitions.agency_code = units.agency_code
    group by
        units.unit_code, petitions.received_date, case when petitions.outcome = 'open' then petitions.due_date end
)

select * from final
