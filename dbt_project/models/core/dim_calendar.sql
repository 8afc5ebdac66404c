-- Grain: one row per day.
with days as (
    {{ days_between(var('calendar_starts_on'), var('calendar_ends_on')) }}
),

holidays as (
    select * from {{ ref('public_holidays') }}
),

marked as (
    select
        days.calendar_date,
        cast({{ iso_weekday('days.calendar_date') }} as integer) as weekday,
        coalesce(holidays.day_kind = 'day_off', false) as is_public_holiday,
        case
            when holidays.day_kind is not null then holidays.day_kind = 'working_day'
            else {{ iso_weekday('days.calendar_date') }} <= 5
        end as is_working_day
    from days
    left join holidays
        on days.calendar_date = holidays.holiday_date
),

final as (
    select
        calendar_date,
        weekday,
        is_public_holiday,
        is_working_day,
        cast(sum(case when is_working_day then 1 else 0 end) over (order by calendar_date) as integer)
            as working_day_number,
        {{ first_day_of('month', 'calendar_date') }} as month_start,
        {{ first_day_of('quarter', 'calendar_date') }} as quarter_start,
        make_date(year(calendar_date), 1, 1) as year_start
    from marked
)

select * from final
