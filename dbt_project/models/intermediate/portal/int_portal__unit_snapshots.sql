-- Grain: one row per period key and unit: the capture that is current for the unit on that day.
with capture_units as (
    select * from {{ ref('int_portal__capture_units') }}
),

-- Figures that were seen before are no further observation, and groups without the list of the nation are none.
captures as (
    select * from {{ ref('int_portal__captures') }}
    where capture_status in ('observation', 'went_back')
),

-- Several captures may describe the same day: the sender that the agreement puts first (docs/adr/0033) goes before the
-- others, and what was captured after the period ended before what was captured in it. Of these the newest is what the
-- portal shows; where an earlier one shows the same in more detail, it is taken for the detail.
in_order as (
    select
        capture_units.*,
        first_value(capture_units.shown) over (
            partition by {{ period_keys('capture_units') }}, capture_units.unit_code
            order by
                capture_units.precedence asc, capture_units.is_captured_after_end desc,
                capture_units.observed_at desc, capture_units.capture_key asc
        ) as newest_shown
    from capture_units
    inner join captures
        on
            {{ same_period('capture_units', 'captures') }}
            and capture_units.capture_key = captures.capture_key
            and capture_units.unit_level = captures.unit_level
            and capture_units.parent_unit_code = captures.parent_unit_code
),

numbered as (
    select
        *,
        row_number() over (
            partition by {{ period_keys() }}, unit_code
            order by
                precedence asc, is_captured_after_end desc, (shown = newest_shown) desc, has_detail desc,
                observed_at desc, capture_key asc
        ) as preference
    from in_order
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
