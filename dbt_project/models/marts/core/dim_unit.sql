-- Grain: one row per unit and validity.
with provinces as (
    select * from {{ ref('provinces') }}
),

communes as (
    select * from {{ ref('communes') }}
),

portal_units as (
    select * from {{ ref('stg_portal__unit_results') }}
    where unit_level <> 'province'
),

catalogue as (
    select * from {{ ref('int_units__catalogue') }}
    where valid_to is null
),

nation as (
    select
        'VN' as unit_code,
        'nation' as unit_level,
        cast(null as varchar) as parent_unit_code,
        cast(null as varchar) as province_code,
        'Việt Nam' as name_vi,
        'Viet Nam' as name_en,
        cast(null as varchar) as agency_code
),

province_units as (
    select
        province_code as unit_code,
        'province' as unit_level,
        'VN' as parent_unit_code,
        province_code,
        name_vi,
        name_en,
        agency_code
    from provinces
),

-- A unit's newest capture names it: names are corrected, codes stay.
named_by_portal as (
    select
        portal_units.agency_code,
        portal_units.unit_level,
        provinces.province_code,
        max_by(portal_units.name_vi, portal_units.observed_at) as name_vi
    from portal_units
    inner join provinces
        on portal_units.parent_agency_code = provinces.agency_code
    group by portal_units.agency_code, portal_units.unit_level, provinces.province_code
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
    left join named_by_portal
        on catalogue.agency_code = named_by_portal.agency_code
    where named_by_portal.agency_code is null
),

commune_codes as (
    select
        state_code as commune_code,
        min(agency_code) as agency_code
    from named_by_catalogue
    where unit_level = 'commune'
    group by state_code
),

-- The portal knows communes by an agency code, the state's code list by another: the name joins them.
commune_units as (
    select
        communes.commune_code as unit_code,
        'commune' as unit_level,
        communes.province_code as parent_unit_code,
        communes.province_code,
        communes.name_vi,
        cast(null as varchar) as name_en,
        coalesce(named_by_portal.agency_code, commune_codes.agency_code) as agency_code
    from communes
    left join commune_codes
        on communes.commune_code = commune_codes.commune_code
    left join named_by_portal
        on
            communes.province_code = named_by_portal.province_code
            and {{ name_key('communes.name_vi') }} = {{ name_key('named_by_portal.name_vi') }}
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

department_units as (
    select
        agency_code as unit_code,
        unit_level,
        province_code as parent_unit_code,
        province_code,
        -- The portal adds the province's name, which another column holds.
        regexp_replace(name_vi, ' - (tỉnh|Tỉnh|thành phố|Thành phố|TP) .*$', '') as name_vi,
        cast(null as varchar) as name_en,
        agency_code
    from departments
),

units as (
    select * from nation
    union all
    select * from province_units
    union all
    select * from commune_units
    union all
    select * from department_units
),

final as (
    select
        unit_code,
        unit_level,
        parent_unit_code,
        province_code,
        name_vi,
        name_en,
        cast('{{ var("two_level_government_since") }}' as date) as valid_from,
        cast(null as date) as valid_to,
        agency_code
    from units
)

select * from final
