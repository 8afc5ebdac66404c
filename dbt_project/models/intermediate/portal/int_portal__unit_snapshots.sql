-- Grain: one row per period key and unit: the capture that is current for the unit on that day.
with capture_units as (
    select * from {{ ref('int_portal__capture_units') }}
),

-- Figures that were seen before are no further observation, and groups without the list of the nation are none.
captures as (
    select * from {{ ref('int_portal__captures') }}
    where capture_status in ('observation', 'went_back')
),

-- Several captures may describe the same day: of those whose sender the agreement puts first (docs/adr/0033), one made
-- after the period ended wins over one made before, then detail over totals, then the later capture. The nation is one
-- list, of one capture; below the province each unit is taken where it is shown best.
numbered as (
    select
        capture_units.*,
        row_number() over (
            partition by {{ period_keys('capture_units') }}, capture_units.unit_code
            order by
                capture_units.precedence asc, capture_units.is_captured_after_end desc,
                (capture_units.has_detail and capture_units.unit_level <> 'province') desc,
                captures.units_in_detail desc, capture_units.observed_at desc, capture_units.capture_key asc
        ) as preference
    from capture_units
    inner join captures
        on
            {{ same_period('capture_units', 'captures') }}
            and capture_units.capture_key = captures.capture_key
            and capture_units.unit_level = captures.unit_level
            and capture_units.parent_unit_code = captures.parent_unit_code
),

-- A ranking is final only when every one of its units was captured after the period ended.
final as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        province_code,
        parent_unit_code,
        agency_code,
        capture_key,
        observed_at,
        expected_departments,
        expected_communes,
        official_total_score,
        official_rank,
        is_listed,
        min(case when is_captured_after_end then 1 else 0 end) over (
            partition by {{ period_keys() }}, unit_level, parent_unit_code
        ) = 1 as is_final_capture
    from numbered
    where preference = 1
)

select * from final
