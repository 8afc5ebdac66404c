-- Grain: one row per unit and validity.
with listed as (
    select * from {{ ref('core_units__listed') }}
),

regions as (
    select * from {{ ref('province_regions') }}
),

tiles as (
    select * from {{ ref('province_tiles') }}
),

unit_changes as (
    select * from {{ ref('unit_changes') }}
),

departments as (
    select * from {{ ref('core_units__departments') }}
),

-- The lists are those of the first day; each change names the unit from a day on. A department has its own days.
dated as (
    select
        unit_code,
        unit_type,
        name_vi,
        name_en,
        cast('{{ var("two_level_government_since") }}' as date) as valid_from,
        cast(null as date) as valid_to,
        'documented' as valid_from_certainty
    from listed
    where unit_level <> 'department'
    union all
    select
        agency_code as unit_code,
        'department' as unit_type,
        name_vi,
        cast(null as string) as name_en,
        named_from as valid_from,
        named_to as valid_to,
        valid_from_certainty
    from departments
    union all
    select
        unit_code,
        unit_type,
        name_vi,
        name_en,
        valid_from,
        cast(null as date) as valid_to,
        date_certainty as valid_from_certainty
    from unit_changes
),

followed as (
    select
        *,
        lead(valid_from) over (partition by unit_code order by valid_from) as next_valid_from
    from dated
),

provinces as (
    select
        listed.unit_code,
        followed.name_vi
    from followed
    inner join listed
        on followed.unit_code = listed.unit_code
    where listed.unit_level = 'province' and followed.next_valid_from is null
),

-- Names that several units have, or had.
shared_names as (
    select name_vi
    from followed
    group by name_vi
    having count(distinct unit_code) > 1
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
        least(followed.valid_to, {{ day_before('followed.next_valid_from') }}) as valid_to,
        listed.agency_code,
        followed.unit_type,
        followed.valid_from_certainty,
        case
            when shared_names.name_vi is not null and listed.unit_level <> 'province'
                then followed.name_vi || ', ' || provinces.name_vi
            else followed.name_vi
        end as label_vi,
        {{ unaccented('followed.name_vi') }} as search_name,
        regions.region_vi,
        regions.region_en,
        cast(tiles.tile_row as integer) as tile_row,
        cast(tiles.tile_column as integer) as tile_column
    from followed
    inner join listed
        on followed.unit_code = listed.unit_code
    left join provinces
        on listed.province_code = provinces.unit_code
    left join shared_names
        on followed.name_vi = shared_names.name_vi
    left join regions
        on listed.province_code = regions.province_code
    left join tiles
        on listed.province_code = tiles.province_code and listed.unit_level = 'province'
)

select * from final
