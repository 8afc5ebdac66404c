-- Grain: one row per unit: its place and its codes, which no change of name touches, and what the lists call it.
with provinces as (
    select * from {{ ref('provinces') }}
),

communes as (
    select * from {{ ref('communes') }}
),

unit_changes as (
    select * from {{ ref('unit_changes') }}
),

portal_units as (
    select * from {{ ref('core_units__portal') }}
    where unit_level <> 'province' and unit_code is not null
),

catalogue as (
    select * from {{ ref('core_units__catalogue') }}
    where valid_to is null
),

nation as (
    select
        'VN' as unit_code,
        'nation' as unit_level,
        'nation' as unit_type,
        cast(null as string) as parent_unit_code,
        cast(null as string) as province_code,
        'Việt Nam' as name_vi,
        'Viet Nam' as name_en,
        cast(null as string) as agency_code
),

province_units as (
    select
        province_code as unit_code,
        'province' as unit_level,
        unit_type,
        'VN' as parent_unit_code,
        province_code,
        name_vi,
        name_en,
        agency_code
    from provinces
),

-- A code belongs to the unit that it was last captured for...
portal_codes as (
    select
        *,
        row_number() over (
            partition by agency_code, unit_level
            order by newest_at desc, unit_code asc, name_sent_vi asc
        ) as preference
    from portal_units
),

-- ...and a unit's newest capture names it: names are corrected, codes stay.
newest_of_unit as (
    select
        *,
        row_number() over (
            partition by unit_code, unit_level
            order by newest_at desc, agency_code asc
        ) as unit_preference
    from portal_codes
    where preference = 1
),

named_by_portal as (
    select
        agency_code,
        unit_level,
        province_code,
        unit_code,
        name_vi
    from newest_of_unit
    where unit_preference = 1
),

-- What the catalogue adds: by the state's code, so by no name. A code that a payload shows for another unit is left
-- to the payload.
named_by_catalogue as (
    select
        catalogue.agency_code,
        catalogue.unit_level,
        catalogue.state_code,
        catalogue.name_vi,
        provinces.province_code
    from catalogue
    inner join provinces
        on catalogue.province_agency_code = provinces.agency_code
    left join portal_codes
        on
            catalogue.agency_code = portal_codes.agency_code
            and portal_codes.preference = 1
    where portal_codes.agency_code is null
),

commune_codes as (
    select
        state_code as commune_code,
        min(agency_code) as agency_code
    from named_by_catalogue
    where unit_level = 'commune'
    group by state_code
),

commune_units as (
    select
        communes.commune_code as unit_code,
        'commune' as unit_level,
        communes.unit_type,
        communes.province_code as parent_unit_code,
        communes.province_code,
        communes.name_vi,
        cast(null as string) as name_en,
        coalesce(named_by_portal.agency_code, commune_codes.agency_code) as agency_code
    from communes
    left join commune_codes
        on communes.commune_code = commune_codes.commune_code
    left join named_by_portal
        on
            communes.commune_code = named_by_portal.unit_code
            and named_by_portal.unit_level = 'commune'
),

departments as (
    select
        agency_code,
        unit_level,
        province_code,
        name_vi
    from named_by_portal
    where unit_level = 'department'
    union all
    select
        agency_code,
        unit_level,
        province_code,
        name_vi
    from named_by_catalogue
    where unit_level = 'department'
),

province_names as (
    select
        province_code,
        name_vi
    from provinces
    union
    select
        provinces.province_code,
        unit_changes.name_vi
    from unit_changes
    inner join provinces
        on unit_changes.unit_code = provinces.province_code
),

-- The portal adds the province's name, today's or an earlier one; another table holds it.
department_names as (
    select
        departments.agency_code,
        departments.province_code,
        {{ without_province_shown('departments.name_vi', 'province_names.name_vi') }} as name_vi
    from departments
    inner join province_names
        on departments.province_code = province_names.province_code
),

shortest_department_names as (
    select
        *,
        row_number() over (partition by agency_code order by length(name_vi) asc, name_vi asc) as preference
    from department_names
),

department_units as (
    select
        agency_code as unit_code,
        'department' as unit_level,
        'department' as unit_type,
        province_code as parent_unit_code,
        province_code,
        name_vi,
        cast(null as string) as name_en,
        agency_code
    from shortest_department_names
    where preference = 1
),

final as (
    select * from nation
    union all
    select * from province_units
    union all
    select * from commune_units
    union all
    select * from department_units
)

select * from final
