-- Grain: one row per period key and unit: the payload that is current for the unit on that day.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
),

-- A unit that nobody knows is left out, and warned of where units are recognised.
units as (
    select * from {{ ref('core_units__portal') }}
    where unit_code is not null
),

regimes as (
    select * from {{ ref('regimes') }}
),

-- A period belongs to the regime that scored it from its first day to the day observed; a period across a
-- change of rules belongs to none.
keyed as (
    select
        'portal' as basis,
        coalesce(regimes.regime, 'none') as regime,
        unit_results.*,
        units.unit_code,
        units.province_code,
        units.parent_unit_code
    from unit_results
    inner join units
        on
            unit_results.agency_code = units.agency_code
            and unit_results.unit_level = units.unit_level
            and unit_results.name_sent_vi = units.name_sent_vi
    left join regimes
        on
            unit_results.period_start >= regimes.valid_from
            and unit_results.as_of <= coalesce(regimes.valid_to, cast('9999-12-31' as date))
),

-- Several payloads may describe the same day: of those whose sender the agreement puts first (docs/adr/0033), one made
-- after the period ended wins over one made before, then detail over totals, then the later capture.
numbered as (
    select
        *,
        row_number() over (
            partition by {{ period_keys() }}, unit_code
            order by
                precedence asc, is_captured_after_end desc, (settlement is not null) desc, observed_at desc,
                file_hash asc
        ) as preference
    from keyed
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
        file_hash,
        observed_at,
        expected_departments,
        expected_communes,
        official_total_score,
        official_rank,
        min(case when is_captured_after_end then 1 else 0 end) over (
            partition by {{ period_keys() }}, unit_level, parent_unit_code
        ) = 1 as is_final_capture
    from numbered
    where preference = 1
)

select * from final
