-- Grain: one row per unit and day: counts of what was received, all of which add up over days and units.
with outcomes as (
    {{ counted_dossiers() }}
),

final as (
    select
        unit_code,
        filed_date as counted_date,
        {% for measure, aggregate in dossier_measures().items() -%}
            {{ aggregate }} as {{ measure }},
        {% endfor -%}
        max(delivery_date) as newest_delivery_date
    from outcomes
    where filed_date is not null
    group by unit_code, filed_date
)

select * from final
