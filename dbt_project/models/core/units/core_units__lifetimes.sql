-- Grain: one row per unit and span of days on which it is one. No two of one unit share a day.
with listed as (
    select * from {{ ref('core_units__listed') }}
),

departments as (
    select * from {{ ref('core_units__departments') }}
),

-- The lists of provinces and communes are those of the first day, and hold since.
final as (
    select
        unit_code,
        unit_level,
        parent_unit_code,
        province_code,
        cast('{{ var("two_level_government_since") }}' as date) as valid_from,
        cast(null as date) as valid_to
    from listed
    where unit_level <> 'department'
    union all
    select
        agency_code as unit_code,
        'department' as unit_level,
        province_code as parent_unit_code,
        province_code,
        valid_from,
        valid_to
    from departments
)

select * from final
