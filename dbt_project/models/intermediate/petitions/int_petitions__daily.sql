-- Grain: one row per unit, day of receipt and last day within time (null once handled): counts that add up.
with petitions as (
    select * from {{ ref('fct_petition') }}
    where received_date is not null and unit_code is not null
),

final as (
    select
        unit_code,
        received_date as counted_date,
        case when outcome = 'open' then due_date end as within_until_date,
        count(*) as petitions,
        count(case when kind = 'procedure' then 1 end) as about_procedures,
        count(case when kind = 'staff' then 1 end) as about_staff,
        count(case when outcome <> 'overdue' then 1 end) as timely,
        count(case when outcome <> 'overdue' and not is_disliked then 1 end) as satisfied
    from petitions
    group by unit_code, received_date, case when outcome = 'open' then due_date end
)

select * from final
