-- Grain: one row per dossier that has not ended at any known moment: what is left to do, and whether it is overdue.
with dossiers as (
    select * from {{ ref('fct_dossier') }}
    where (is_open or is_ended_unknown_when) and unit_code is not null
),

units as (
    select * from {{ ref('int_dossiers__known_until') }}
),

-- A sender that delivers no more, of a province that was merged, says nothing of what others deliver since.
senders as (
    select
        sender,
        max(newest_delivery_date) as newest_delivery_date
    from {{ ref('int_records__deliveries') }}
    where source = 'dossiers'
    group by sender
),

known as (
    select
        dossiers.*,
        units.unit_level,
        units.province_code,
        least(units.known_until, coalesce(senders.newest_delivery_date, units.known_until)) as known_until,
        coalesce(senders.newest_delivery_date < units.known_until, false) as is_of_silent_sender
    from dossiers
    inner join units
        on dossiers.unit_code = units.unit_code
    left join senders
        on dossiers.sender = senders.sender
    where units.known_until is not null
),

-- A delivery shows the days before its own: what was not delivered since may have ended.
dated as (
    select
        *,
        {{ day_before('known_until') }} as judged_date
    from known
),

-- Two requests at once make a dossier overdue whatever is due when; one stops its clock.
judged as (
    select
        *,
        {{ days_from('due_date', 'coalesce(stopped_date, judged_date)') }} as days_past_due,
        case
            when not is_open then 'ended_unknown_when'
            when outcome = 'open' and judged_date > within_until_date then 'overdue'
            when outcome = 'open' then 'within_time'
            else outcome
        end as state
    from dated
),

final as (
    select
        dossier_code,
        unit_code,
        unit_level,
        province_code,
        procedure_code,
        delivery_date,
        received_date,
        due_date,
        is_open,
        is_waiting_for_applicant,
        is_of_silent_sender,
        known_until,
        state,
        case when state = 'overdue' and days_past_due >= 0 then days_past_due end as days_overdue
    from judged
)

select * from final
