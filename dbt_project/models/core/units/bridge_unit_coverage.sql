-- Grain: one row per unit, ended or not, and unit whose delivery covers it: itself, its province, the nation.
with rollup as (
    select * from {{ ref('bridge_unit_rollup') }}
),

units as (
    select
        unit_code,
        unit_level
    from {{ ref('core_units__listed') }}
),

-- Whoever delivers a province delivers the nation.
final as (
    select
        unit_code,
        ancestor_code as covered_by
    from rollup
    union all
    select
        'VN' as unit_code,
        unit_code as covered_by
    from units
    where unit_level in ('nation', 'province')
)

select * from final
