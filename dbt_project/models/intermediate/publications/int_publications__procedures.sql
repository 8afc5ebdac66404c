-- Grain: one row per province, decision and procedure of it: whether it was announced and published in time.
with decisions as (
    select * from {{ ref('stg_exchange__publication_decisions') }}
),

units as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

working_days as (
    select * from {{ ref('dim_calendar') }}
    where is_working_day
),

rules as (
    select
        max(case when rule = 'announcement_before_effect' then working_days end) as before_effect,
        max(case when rule = 'publication_after_decision' then working_days end) as after_decision
    from {{ ref('deadline_rules') }}
),

ranked as (
    select
        units.province_code,
        decisions.*,
        rank() over (
            partition by units.province_code, decisions.decision_no, decisions.procedure_code
            order by decisions.precedence asc, decisions.delivery_date desc
        ) as delivery_rank
    from decisions
    inner join units
        on decisions.agency_code = units.agency_code
),

-- The newest date of effect that the newest delivery of who has the last word says: a date that was corrected is gone,
-- and nobody moves the nation's.
numbered as (
    select
        *,
        max(legal_effect_date) over (
            partition by province_code, decision_no, procedure_code
        ) as newest_legal_effect_date,
        row_number() over (
            partition by province_code, decision_no, procedure_code
            order by published_date desc nulls last, content_id asc
        ) as preference
    from ranked
    where delivery_rank = 1
),

-- A date is moved by working days through the calendar's running number.
dated as (
    select
        numbered.province_code,
        numbered.decision_no,
        numbered.procedure_code,
        numbered.kind,
        numbered.decision_date,
        numbered.published_date,
        announce_by.calendar_date as announce_by_date,
        publish_by.calendar_date as publish_by_date
    from numbered
    cross join rules
    left join calendar as effect_days
        on numbered.newest_legal_effect_date = effect_days.calendar_date
    left join working_days as announce_by
        on effect_days.working_day_number - rules.before_effect = announce_by.working_day_number
    left join calendar as decision_days
        on numbered.decision_date = decision_days.calendar_date
    left join working_days as publish_by
        on decision_days.working_day_number + rules.after_decision = publish_by.working_day_number
    where numbered.preference = 1
),

final as (
    select
        *,
        coalesce(decision_date <= announce_by_date, false) as is_announced_on_time,
        coalesce(published_date <= publish_by_date, false) as is_published_on_time
    from dated
)

select * from final
