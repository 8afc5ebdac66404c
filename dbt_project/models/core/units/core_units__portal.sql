-- Grain: one row per agency code, level and name that a payload shows: the unit it is.
with unit_results as (
    select * from {{ ref('core_portal__results') }}
    where agency_code is not null
),

provinces as (
    select * from {{ ref('provinces') }}
),

communes as (
    select * from {{ ref('communes') }}
),

unit_changes as (
    select * from {{ ref('unit_changes') }}
),

unit_name_variants as (
    select * from {{ ref('unit_name_variants') }}
),

province_crosswalk as (
    select * from {{ ref('province_crosswalk') }}
),

catalogue as (
    select * from {{ ref('core_units__catalogue') }}
    where valid_to is null and unit_level = 'commune'
),

portal_unit_codes as (
    select * from {{ ref('portal_unit_codes') }}
),

shown as (
    select
        agency_code,
        unit_level,
        coalesce(parent_agency_code, agency_code) as province_agency_code,
        name_sent_vi,
        max(name_vi) as name_vi,
        {{ unit_name_key('name_sent_vi') }} as name_key,
        min(observed_at) as oldest_at,
        max(observed_at) as newest_at,
        min(as_of) as oldest_on,
        max(cast(observed_at as date)) as newest_on
    from unit_results
    group by agency_code, unit_level, coalesce(parent_agency_code, agency_code), name_sent_vi
),

-- A province's name of any day may stand behind those of its communes, and so may one that was merged away.
province_names as (
    select
        agency_code,
        {{ unit_name_key('name_vi') }} as name_key
    from provinces
    union
    select
        provinces.agency_code,
        {{ unit_name_key('unit_changes.name_vi') }} as name_key
    from unit_changes
    inner join provinces
        on unit_changes.unit_code = provinces.province_code
    union
    select
        provinces.agency_code,
        {{ unit_name_key('province_crosswalk.old_name_vi') }} as name_key
    from province_crosswalk
    inner join provinces
        on province_crosswalk.new_province_code = provinces.province_code
),

-- A name is recognised whenever it was captured: the portal may show it before or after the day that the state says.
commune_names as (
    select
        province_code,
        commune_code,
        {{ unit_name_key('name_vi') }} as name_key
    from communes
    union
    select
        communes.province_code,
        communes.commune_code,
        {{ unit_name_key('unit_changes.name_vi') }} as name_key
    from unit_changes
    inner join communes
        on unit_changes.unit_code = communes.commune_code
    union
    select
        communes.province_code,
        communes.commune_code,
        {{ unit_name_key('unit_name_variants.variant_vi') }} as name_key
    from unit_name_variants
    inner join communes
        on unit_name_variants.unit_code = communes.commune_code
),

shown_communes as (
    select
        shown.agency_code,
        shown.province_agency_code,
        shown.name_sent_vi,
        shown.name_key,
        provinces.province_code
    from shown
    inner join provinces
        on shown.province_agency_code = provinces.agency_code
    where shown.unit_level = 'commune'
),

-- With and without the name of the province behind it: it may be part of the commune's own.
called as (
    select
        agency_code,
        province_code,
        name_sent_vi,
        name_key
    from shown_communes
    union
    select
        shown_communes.agency_code,
        shown_communes.province_code,
        shown_communes.name_sent_vi,
        {{ without_province('shown_communes.name_key', 'province_names.name_key') }} as name_key
    from shown_communes
    inner join province_names
        on shown_communes.province_agency_code = province_names.agency_code
),

named as (
    select
        called.agency_code,
        called.name_sent_vi,
        min(commune_names.commune_code) as commune_code
    from called
    inner join commune_names
        on
            called.province_code = commune_names.province_code
            and called.name_key = commune_names.name_key
    group by called.agency_code, called.name_sent_vi
),

known_codes as (
    select
        agency_code,
        state_code
    from catalogue
    union all
    select
        portal_unit_codes.agency_code,
        portal_unit_codes.unit_code as state_code
    from portal_unit_codes
    left join catalogue
        on portal_unit_codes.agency_code = catalogue.agency_code
    where catalogue.state_code is null
),

coded as (
    select
        known_codes.agency_code,
        communes.commune_code,
        communes.province_code
    from known_codes
    inner join communes
        on known_codes.state_code = communes.commune_code
),

-- By its code first, as the catalogue or the list of the portal's codes has it; a code that neither knows by the name.
final as (
    select
        shown.agency_code,
        shown.unit_level,
        shown.name_sent_vi,
        shown.name_vi,
        shown.oldest_at,
        shown.newest_at,
        shown.oldest_on,
        shown.newest_on,
        case
            when shown.unit_level <> 'commune' or coded.commune_code is not null then 'code'
            when named.commune_code is not null then 'name'
        end as recognised_by,
        case shown.unit_level
            when 'province' then provinces.province_code
            when 'department' then shown.agency_code
            else coalesce(coded.commune_code, named.commune_code)
        end as unit_code,
        provinces.province_code,
        case shown.unit_level when 'province' then 'VN' else provinces.province_code end as parent_unit_code
    from shown
    left join provinces
        on shown.province_agency_code = provinces.agency_code
    left join named
        on
            shown.agency_code = named.agency_code
            and shown.name_sent_vi = named.name_sent_vi
            and shown.unit_level = 'commune'
    left join coded
        on
            shown.agency_code = coded.agency_code
            and provinces.province_code = coded.province_code
            and shown.unit_level = 'commune'
)

select * from final
