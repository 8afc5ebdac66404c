-- Grain: one row per unit, procedure and month of receipt: on which days the procedure was there.
with outcomes as (
    {{ counted_dossiers() }}
),

-- A set of days is the sum of their bits, so that a period that cuts a month is exact, and sets are united by `or`.
final as (
    select
        unit_code,
        procedure_code,
        {{ first_day_of('month', 'received_date') }} as month_start,
        min(received_date) as first_received_date,
        bit_or({{ day_bit('received_date') }}) as received_days,
        bit_or(case when is_paid_online then {{ day_bit('received_date') }} else 0 end) as paid_online_days,
        bit_or(case when has_population_data then {{ day_bit('received_date') }} else 0 end) as population_data_days
    from outcomes
    where procedure_code is not null and received_date is not null
    group by unit_code, procedure_code, {{ first_day_of('month', 'received_date') }}
)

select * from final
