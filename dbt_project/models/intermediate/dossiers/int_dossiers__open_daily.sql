-- Grain: one row per unit, day of receipt and last day within time: open dossiers, which each period judges again.
with outcomes as (
    {{ counted_dossiers() }}
),

final as (
    select
        unit_code,
        received_date as counted_date,
        {% for measure, aggregate in open_dossier_measures().items() -%}
            {{ aggregate }} as {{ measure }},
        {% endfor -%}
        within_until_date
    from outcomes
    where outcome = 'open'
    group by unit_code, received_date, within_until_date
)

select * from final
