-- Grain: one row per unit and validity.
with listed as (
    select * from {{ ref('core_units__listed') }}
),

unit_changes as (
    select * from {{ ref('unit_changes') }}
),

-- The lists are those of the first day; each change names the unit from a day on.
dated as (
    select
        unit_code,
        unit_type,
        name_vi,
        name_en,
        cast('{{ var("two_level_government_since") }}' as date) as valid_from,
        -- No source says since when a department exists.
        case unit_level when 'department' then 'assumed' else 'documented' end as valid_from_certainty
    from listed
    union all
    select
        unit_code,
        unit_type,
        name_vi,
        name_en,
        valid_from,
        date_certainty as valid_from_certainty
    from unit_changes
),

followed as (
    select
        *,
        lead(valid_from) over (partition by unit_code order by valid_from) as next_valid_from
    from dated
),

final as (
    select
        listed.unit_code,
        listed.unit_level,
        listed.parent_unit_code,
        listed.province_code,
        followed.name_vi,
        followed.name_en,
        followed.valid_from,
        {{ day_before('followed.next_valid_from') }} as valid_to,
        listed.agency_code,
        followed.unit_type,
        followed.valid_from_certainty
    from followed
    inner join listed
        on followed.unit_code = listed.unit_code
)

select * from final
