-- Grain: one row per unit and unit that counts its records: itself, its province, the nation.
with units as (
    select
        unit_code,
        unit_level,
        province_code
    from {{ ref('core_units__listed') }}
    where unit_level <> 'nation'
),

final as (
    select
        unit_code,
        unit_code as ancestor_code
    from units
    union all
    select
        unit_code,
        province_code as ancestor_code
    from units
    where unit_level <> 'province'
    union all
    select
        unit_code,
        'VN' as ancestor_code
    from units
)

select * from final
