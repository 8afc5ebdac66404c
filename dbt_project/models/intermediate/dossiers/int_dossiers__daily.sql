-- Grain: one row per unit and day: counts of what was received, all of which add up over days and units.
with outcomes as (
    select * from {{ ref('fct_dossier') }}
    where unit_code is not null and filed_date is not null
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
    group by unit_code, filed_date
)

select * from final
