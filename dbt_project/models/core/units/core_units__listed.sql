-- Grain: one row per unit: its place and its codes, which no change of name touches, and what the lists call it.
with provinces as (
    select * from {{ ref('provinces') }}
),

communes as (
    select * from {{ ref('communes') }}
),

captured as (
    select * from {{ ref('core_units__captured') }}
),

catalogue as (
    select * from {{ ref('core_units__catalogue') }}
    where valid_to is null and unit_level = 'commune'
),

departments as (
    select * from {{ ref('core_units__departments') }}
    where is_newest
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

-- A unit has the code of its newest capture.
newest_of_unit as (
    select
        *,
        row_number() over (
            partition by unit_code, unit_level
            order by newest_at desc, agency_code asc
        ) as preference
    from captured
),

coded_by_portal as (
    select
        unit_code as commune_code,
        agency_code
    from newest_of_unit
    where preference = 1 and unit_level = 'commune'
),

-- What the catalogue adds: by the state's code, so by no name. A code that a payload shows for another unit is left
-- to the payload.
coded_by_catalogue as (
    select
        catalogue.state_code as commune_code,
        min(catalogue.agency_code) as agency_code
    from catalogue
    inner join provinces
        on catalogue.province_agency_code = provinces.agency_code
    left join captured
        on catalogue.agency_code = captured.agency_code
    where captured.agency_code is null
    group by catalogue.state_code
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
        coalesce(coded_by_portal.agency_code, coded_by_catalogue.agency_code) as agency_code
    from communes
    left join coded_by_catalogue
        on communes.commune_code = coded_by_catalogue.commune_code
    left join coded_by_portal
        on communes.commune_code = coded_by_portal.commune_code
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
    from departments
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
