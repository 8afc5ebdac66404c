-- Grain: one row per period and unit: how many procedures it offers, and how many of them were used, paid, connected.
with periods as (
    select * from {{ ref('int_records__periods') }}
),

presence as (
    select * from {{ ref('int_procedures__active_days') }}
),

procedures as (
    select * from {{ ref('dim_procedure') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

ancestors as (
    select * from {{ ref('bridge_unit_rollup') }}
),

units as (
    select * from {{ ref('core_units__listed') }}
),

months as (
    select distinct month_start
    from calendar
),

-- The days of each month that a period covers, as bits.
period_months as (
    select
        periods.period_id,
        periods.as_of,
        months.month_start,
        {{ day_bits(
            'greatest(periods.period_start, months.month_start)',
            'least(periods.as_of, last_day(months.month_start))'
        ) }} as covered_days
    from periods
    inner join months
        on
            periods.as_of >= months.month_start
            and periods.period_start <= last_day(months.month_start)
),

-- First up the units, then into periods: sets of days are united twice over few rows.
presence_above as (
    select
        ancestors.ancestor_code as unit_code,
        presence.procedure_code,
        presence.month_start,
        min(presence.first_received_date) as first_received_date,
        bit_or(presence.received_days) as received_days,
        bit_or(presence.paid_online_days) as paid_online_days,
        bit_or(presence.population_data_days) as population_data_days
    from presence
    inner join ancestors
        on presence.unit_code = ancestors.unit_code
    group by ancestors.ancestor_code, presence.procedure_code, presence.month_start
),

seen as (
    select
        period_months.period_id,
        period_months.as_of,
        presence_above.unit_code,
        presence_above.procedure_code,
        max(presence_above.received_days & period_months.covered_days) > 0 as is_received,
        max(presence_above.paid_online_days & period_months.covered_days) > 0 as is_paid_online,
        max(presence_above.population_data_days & period_months.covered_days) > 0 as is_connected
    from presence_above
    inner join period_months
        on presence_above.month_start = period_months.month_start
    group by
        period_months.period_id, period_months.as_of, presence_above.unit_code, presence_above.procedure_code
),

-- The catalogue as it was on the day observed: one that comes later changes no period that is over (docs/adr/0042).
days as (
    select distinct as_of
    from periods
),

-- What a unit offers: a commune what communes execute, a province that and what provinces execute.
levels as (
    select distinct unit_level
    from units
    where unit_level <> 'department'
),

offers as (
    select
        days.as_of,
        levels.unit_level,
        procedures.*
    from days
    inner join procedures
        on {{ valid_on('procedures', 'days.as_of') }}
    inner join levels
        on
            procedures.execution_level = 'commune'
            or (procedures.execution_level = 'province' and levels.unit_level in ('province', 'nation'))
            or (procedures.execution_level = 'ministry' and levels.unit_level = 'nation')
),

offered as (
    select
        as_of,
        unit_level,
        count(*) as procedures_offered,
        count(case when is_online then 1 end) as procedures_online,
        count(case when is_fee_bearing then 1 end) as fee_procedures,
        count(case when is_fee_bearing and has_synchronised_fees then 1 end) as fee_procedures_synchronised,
        count(case when is_open_to_citizens then 1 end) as citizen_procedures
    from offers
    group by as_of, unit_level
),

-- No catalogue says what a department offers: it offers what it has ever received up to the day observed.
first_seen as (
    select
        presence_above.unit_code,
        presence_above.procedure_code,
        min(presence_above.first_received_date) as first_date
    from presence_above
    inner join units
        on presence_above.unit_code = units.unit_code
    where units.unit_level = 'department'
    group by presence_above.unit_code, presence_above.procedure_code
),

offered_by_department as (
    select
        periods.period_id,
        first_seen.unit_code,
        count(*) as procedures_offered,
        count(case when procedures.is_online then 1 end) as procedures_online,
        count(case when procedures.is_fee_bearing then 1 end) as fee_procedures,
        count(case when procedures.is_fee_bearing and procedures.has_synchronised_fees then 1 end)
            as fee_procedures_synchronised,
        count(case when procedures.is_open_to_citizens then 1 end) as citizen_procedures
    from periods
    inner join first_seen
        on periods.as_of >= first_seen.first_date
    inner join procedures
        on
            first_seen.procedure_code = procedures.procedure_code
            and {{ valid_on('procedures', 'periods.as_of') }}
    group by periods.period_id, first_seen.unit_code
),

used as (
    select
        seen.period_id,
        seen.unit_code,
        count(case when procedures.is_online and seen.is_received then 1 end) as online_with_dossiers,
        count(case when procedures.is_fee_bearing and seen.is_paid_online then 1 end) as fee_procedures_paid_online,
        count(case when procedures.is_open_to_citizens and seen.is_connected then 1 end) as citizen_procedures_connected
    from seen
    inner join units
        on seen.unit_code = units.unit_code
    inner join procedures
        on
            seen.procedure_code = procedures.procedure_code
            and {{ valid_on('procedures', 'seen.as_of') }}
    left join offers
        on
            units.unit_level = offers.unit_level
            and seen.procedure_code = offers.procedure_code
            and seen.as_of = offers.as_of
    where offers.procedure_code is not null or units.unit_level = 'department'
    group by seen.period_id, seen.unit_code
),

final as (
    select
        periods.period_id,
        units.unit_code,
        coalesce(offered.procedures_offered, offered_by_department.procedures_offered, 0) as procedures_offered,
        coalesce(offered.procedures_online, offered_by_department.procedures_online, 0) as procedures_online,
        coalesce(used.online_with_dossiers, 0) as online_with_dossiers,
        coalesce(offered.fee_procedures, offered_by_department.fee_procedures, 0) as fee_procedures,
        coalesce(used.fee_procedures_paid_online, 0) as fee_procedures_paid_online,
        coalesce(offered.fee_procedures_synchronised, offered_by_department.fee_procedures_synchronised, 0)
            as fee_procedures_synchronised,
        coalesce(offered.citizen_procedures, offered_by_department.citizen_procedures, 0) as citizen_procedures,
        coalesce(used.citizen_procedures_connected, 0) as citizen_procedures_connected
    from periods
    cross join units
    left join offered
        on
            units.unit_level = offered.unit_level
            and periods.as_of = offered.as_of
    left join offered_by_department
        on
            periods.period_id = offered_by_department.period_id
            and units.unit_code = offered_by_department.unit_code
    left join used
        on
            periods.period_id = used.period_id
            and units.unit_code = used.unit_code
)

select * from final
