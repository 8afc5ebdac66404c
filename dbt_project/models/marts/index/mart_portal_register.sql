-- Grain: one row per agency code, unit level, name and id that the portal showed: when, and which unit it is.
with results as (
    select * from {{ ref('core_portal__results') }}
    where agency_code is not null
),

recognised as (
    select * from {{ ref('core_units__portal') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

seen as (
    select
        agency_code,
        unit_level,
        name_sent_vi,
        department_id,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at
    from results
    group by agency_code, unit_level, name_sent_vi, department_id
),

final as (
    select
        seen.agency_code,
        seen.unit_level,
        seen.name_sent_vi as name_seen_vi,
        seen.department_id,
        seen.first_seen_at,
        seen.last_seen_at,
        recognised.unit_code,
        recognised.recognised_by,
        units.name_vi,
        case seen.unit_level
            when 'commune' then {{ unit_name_key('seen.name_sent_vi') }} = {{ unit_name_key('units.name_vi') }}
            -- The lists have a province without its kind.
            when 'province'
                then
                    regexp_replace({{ unit_name_key('seen.name_sent_vi') }}, '^(tỉnh|thành phố) ', '')
                    = {{ unit_name_key('units.name_vi') }}
        end as is_name_of_unit
    from seen
    inner join recognised
        on
            seen.agency_code = recognised.agency_code
            and seen.unit_level = recognised.unit_level
            and seen.name_sent_vi = recognised.name_sent_vi
    left join units
        on
            recognised.unit_code = units.unit_code
            and {{ unit_on('units', 'cast(seen.last_seen_at as date)') }}
)

select * from final
