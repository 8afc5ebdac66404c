-- Grain: one row per period and unit: dossiers that the national reporting system says it received.
with periods as (
    select * from {{ ref('int_records__periods') }}
),

report_totals as (
    select * from {{ ref('stg_exchange__national_report_totals') }}
),

units as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

ancestors as (
    select * from {{ ref('bridge_unit_rollup') }}
    where ancestor_code <> 'VN'
),

numbered as (
    select
        agency_code,
        month_start,
        received,
        row_number() over (
            partition by agency_code, month_start
            order by precedence asc, delivery_date desc, received desc
        ) as preference
    from report_totals
),

heard as (
    select
        units.unit_code,
        numbered.agency_code,
        numbered.month_start,
        numbered.received
    from numbered
    inner join units
        on numbered.agency_code = units.agency_code
    where numbered.preference = 1
),

-- Agencies merged into one unit add up, but for those of which one reports for the other: a district, or a department
-- that is gone, leads to its province today. So do those below a unit, unless the unit reports for itself.
monthly as (
    select
        heard.unit_code,
        heard.month_start,
        sum(heard.received) as received
    from heard
    left join heard as reporting_above
        on
            heard.unit_code = reporting_above.unit_code
            and heard.month_start = reporting_above.month_start
            and heard.agency_code like reporting_above.agency_code || '.%'
    where reporting_above.agency_code is null
    group by heard.unit_code, heard.month_start
),

above as (
    select
        ancestors.ancestor_code as unit_code,
        monthly.month_start,
        coalesce(
            sum(case when monthly.unit_code = ancestors.ancestor_code then monthly.received end),
            sum(monthly.received)
        ) as received
    from monthly
    inner join ancestors
        on monthly.unit_code = ancestors.unit_code
    group by ancestors.ancestor_code, monthly.month_start
),

-- Only whole months compare with whole months. Last year's total stands by: a twelfth of it for a month, a quarter,
-- the whole for a year, and for a window a twelfth for each month it touches.
of_units as (
    select
        periods.period_id,
        above.unit_code,
        cast(
            sum(
                case
                    when above.month_start >= periods.period_start and last_day(above.month_start) <= periods.as_of
                        then above.received
                end
            ) as bigint
        ) as dossiers_reported,
        cast(
            round(
                sum(case when year(above.month_start) = year(periods.period_start) - 1 then above.received end)
                * case periods.period_type
                    when 'month' then 1
                    when 'quarter' then 3
                    when 'year_to_date' then 12
                    else
                        (year(periods.period_end) - year(periods.period_start)) * 12
                        + month(periods.period_end) - month(periods.period_start) + 1
                end / 12.0
            ) as bigint
        ) as dossiers_last_year
    from periods
    inner join above
        on year(above.month_start) between year(periods.period_start) - 1 and year(periods.as_of)
    group by
        periods.period_id, above.unit_code, periods.as_of, periods.period_type, periods.period_start,
        periods.period_end
),

final as (
    {{ with_nation('of_units', ['dossiers_reported', 'dossiers_last_year']) }}
)

select * from final
