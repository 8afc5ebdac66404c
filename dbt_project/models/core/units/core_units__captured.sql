-- Grain: one row per agency code and level below the province that a payload shows: the unit it was last captured for.
with portal_units as (
    select * from {{ ref('core_units__portal') }}
    where unit_level <> 'province' and unit_code is not null
),

-- Names are corrected and codes are given to others: the newest capture holds.
captured as (
    select
        *,
        row_number() over (
            partition by agency_code, unit_level
            order by newest_at desc, unit_code asc, name_sent_vi asc
        ) as preference,
        min(oldest_on) over (partition by agency_code, unit_level) as first_shown_on,
        max(newest_on) over (partition by agency_code, unit_level) as last_shown_on
    from portal_units
),

final as (
    select
        agency_code,
        unit_level,
        unit_code,
        province_code,
        name_vi,
        newest_at,
        first_shown_on,
        last_shown_on
    from captured
    where preference = 1
)

select * from final
