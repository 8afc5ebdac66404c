-- Grain: one row per petition: its newest version, and whether it was handled in time.
with petitions as (
    select * from {{ ref('stg_exchange__petitions') }}
),

rules as (
    select * from {{ ref('deadline_rules') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

units as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

working_days as (
    select * from {{ ref('dim_calendar') }}
    where is_working_day
),

numbered as (
    select
        *,
        row_number() over (
            partition by petition_id
            order by
                precedence asc, source_moment_at desc, (status <> 'open') desc, delivery_date desc,
                likes + dislikes desc, content_id asc
        ) as preference
    from petitions
),

dated as (
    select
        numbered.petition_id,
        numbered.agency_code,
        units.unit_code,
        numbered.kind,
        numbered.dossier_code,
        numbered.delivery_date,
        cast(coalesce(numbered.received_at, numbered.transferred_at) as date) as received_date,
        cast(numbered.finished_at as date) as finished_date,
        last_days.calendar_date as due_date,
        numbered.dislikes > numbered.likes as is_disliked
    from numbered
    left join rules
        on 'petition_' || numbered.status = rules.rule
    left join calendar as start_days
        on cast(coalesce(numbered.transferred_at, numbered.received_at) as date) = start_days.calendar_date
    left join working_days as last_days
        on start_days.working_day_number + rules.working_days = last_days.working_day_number
    left join units
        on numbered.agency_code = units.agency_code
    where numbered.preference = 1
),

final as (
    select
        *,
        case
            when due_date is null then 'overdue'
            when finished_date is null then 'open'
            when finished_date <= due_date then 'on_time'
            else 'overdue'
        end as outcome
    from dated
)

select * from final
