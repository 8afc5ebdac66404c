-- Grain: one row per agency code: the unit that answers for its records.
with agencies as (
    select * from {{ ref('core_units__agencies') }}
),

catalogue as (
    select * from {{ ref('core_units__catalogue') }}
),

units as (
    select * from {{ ref('core_units__listed') }}
),

province_crosswalk as (
    select * from {{ ref('province_crosswalk') }}
),

commune_crosswalk as (
    select * from {{ ref('commune_crosswalk') }}
    where is_default = 1
),

provinces as (
    select
        agency_code,
        unit_code
    from units
    where unit_level = 'province'
),

-- Codes of the state, each only where it may lead to a unit. In columns of their own, so that each join compares a
-- column with a column: with a condition on one side alone, each row would meet each of the crosswalk.
placed as (
    select
        agencies.agency_code,
        catalogue.unit_level,
        catalogue.agency_code is not null as is_catalogued,
        case when catalogue.unit_level = 'commune' then catalogue.state_code end as commune_state_code,
        case
            when catalogue.unit_level in ('district', 'commune') and position('.' in catalogue.state_code) > 0
                then split_part(catalogue.state_code, '.', 1)
        end as old_province_code
    from agencies
    left join catalogue
        on agencies.agency_code = catalogue.agency_code
),

-- A province's agency code, of today or merged away, leads to the province of today.
province_agencies as (
    select
        coalesce(provinces.agency_code, catalogue.agency_code) as agency_code,
        coalesce(provinces.unit_code, province_crosswalk.new_province_code) as unit_code
    from provinces
    full outer join catalogue
        on provinces.agency_code = catalogue.agency_code and catalogue.unit_level = 'province'
    left join province_crosswalk
        on catalogue.state_code = province_crosswalk.old_province_code
    where provinces.agency_code is not null or catalogue.unit_level = 'province'
),

-- An old commune is found by the codes of its province, district and own; a district, or a department of before July
-- 2025, has no successor but the province.
matched as (
    select
        placed.agency_code,
        coalesce(
            communes_today.unit_code,
            commune_crosswalk.new_commune_code,
            own.unit_code,
            old_provinces.new_province_code,
            province_agencies.unit_code
        ) as unit_code,
        case
            when communes_today.unit_code is not null or own.unit_code is not null then 'current'
            when commune_crosswalk.new_commune_code is not null then 'merged_commune'
            when placed.is_catalogued then 'rolled_up'
            when province_agencies.unit_code is not null then 'unknown'
        end as resolution,
        province_agencies.unit_code as own_province_code
    from placed
    left join units as communes_today
        on
            placed.commune_state_code = communes_today.unit_code
            and communes_today.unit_level = 'commune'
    left join commune_crosswalk
        on
            split_part(placed.commune_state_code, '.', 1) = commune_crosswalk.old_province_code
            and split_part(placed.commune_state_code, '.', 2) = commune_crosswalk.old_district_code
            and split_part(placed.commune_state_code, '.', 3) = commune_crosswalk.old_commune_code
    -- A code the catalogue calls a commune is not the department or commune that a payload shows under it.
    left join units as own
        on
            placed.agency_code = own.agency_code
            and (placed.unit_level is null or placed.unit_level = own.unit_level)
    left join province_crosswalk as old_provinces
        on placed.old_province_code = old_provinces.old_province_code
    left join province_agencies
        on split_part(placed.agency_code, '.', 1) = province_agencies.agency_code
),

-- An agency lies in the province of its code, whatever state code its catalogue names: else it would count for others.
placed_within as (
    select
        matched.agency_code,
        matched.unit_code,
        matched.resolution,
        case
            when named.province_code <> matched.own_province_code then matched.own_province_code
            else matched.unit_code
        end as answering_unit_code
    from matched
    left join units as named
        on matched.unit_code = named.unit_code
),

final as (
    select
        placed_within.agency_code,
        units.unit_code,
        units.unit_level,
        units.province_code,
        case
            when placed_within.unit_code = units.unit_code then placed_within.resolution
            else 'rolled_up'
        end as resolution
    from placed_within
    inner join units
        on placed_within.answering_unit_code = units.unit_code
)

select * from final
