-- Grain: one row per department or commune that has figures, under its newest name: what the search finds.
with listed as (
    select unit_code, name_vi, province_code, as_of, 'department' as level from marts.mart_department_ranking
    union all
    select unit_code, name_vi, province_code, as_of, 'commune' as level from marts.mart_commune_ranking
)

select unit_code as u, arg_max(name_vi, as_of) as name_vi, any_value(province_code) as province, any_value(level) as level
from listed
group by unit_code
order by province, level desc, unit_code
