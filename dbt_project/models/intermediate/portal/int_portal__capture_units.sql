-- Grain: one row per capture, period key and unit: what the capture says of it, whatever number of answers it took.
with results as (
    select * from {{ ref('core_portal__results') }}
    where not is_of_another_moment
),

-- A unit that nobody knows is left out, and warned of where units are recognised.
units as (
    select * from {{ ref('core_units__portal') }}
    where unit_code is not null
),

regimes as (
    select * from {{ ref('regimes') }}
),

group_scores as (
    select
        file_hash,
        record_no,
        sum(
            cast({{ surrogate_key(['group_code', 'official_score']) }} as decimal(38, 0))
        ) as figures
    from {{ ref('stg_portal__group_scores') }}
    group by file_hash, record_no
),

metric_results as (
    select
        file_hash,
        record_no,
        sum(
            cast(
                {{ surrogate_key([
                    'metric_code', 'numerator', 'denominator', 'published_ratio', 'official_score',
                    'denominator_status',
                ]) }}
                as decimal(38, 0)
            )
        ) as figures
    from {{ ref('stg_portal__metric_results') }}
    group by file_hash, record_no
),

-- A period belongs to the regime that scored it from its first day to the day observed; a period across a
-- change of rules belongs to none.
keyed as (
    select
        'portal' as basis,
        coalesce(regimes.regime, 'none') as regime,
        results.*,
        units.unit_code,
        units.province_code,
        units.parent_unit_code,
        coalesce(group_scores.figures, 0) as group_figures,
        coalesce(metric_results.figures, 0) as metric_figures
    from results
    inner join units
        on
            results.agency_code = units.agency_code
            and results.unit_level = units.unit_level
            and results.name_sent_vi = units.name_sent_vi
    left join regimes
        on
            results.period_start >= regimes.valid_from
            and results.as_of <= coalesce(regimes.valid_to, cast('9999-12-31' as date))
    left join group_scores
        on
            results.file_hash = group_scores.file_hash
            and results.record_no = group_scores.record_no
    left join metric_results
        on
            results.file_hash = metric_results.file_hash
            and results.record_no = metric_results.record_no
),

-- `shown` stands for what the portal shows first of a unit: its total, its rank and its groups, from the list that has
-- them, else from the answers about its groups. `figures` stands for all of it.
summed as (
    select
        {{ period_keys() }},
        capture_key,
        unit_code,
        unit_level,
        province_code,
        parent_unit_code,
        min(agency_code) as agency_code,
        min(precedence) as precedence,
        min(observed_at) as observed_at,
        min(case when is_captured_after_end then 1 else 0 end) = 1 as is_captured_after_end,
        max(expected_departments) as expected_departments,
        max(expected_communes) as expected_communes,
        max(official_total_score) as official_total_score,
        max(official_rank) as official_rank,
        max(case when has_settlement then 1 else 0 end) = 1 as has_detail,
        max(case when is_listed then 1 else 0 end) = 1 as is_listed,
        coalesce(sum(case when is_listed then group_figures end), sum(group_figures)) as group_figures,
        sum(group_figures + metric_figures) as all_figures
    from keyed
    group by {{ period_keys() }}, capture_key, unit_code, unit_level, province_code, parent_unit_code
),

final as (
    select
        {{ period_keys() }},
        capture_key,
        unit_code,
        unit_level,
        province_code,
        parent_unit_code,
        agency_code,
        precedence,
        observed_at,
        is_captured_after_end,
        expected_departments,
        expected_communes,
        official_total_score,
        official_rank,
        has_detail,
        is_listed,
        {{ surrogate_key(['unit_code', 'official_total_score', 'official_rank', 'group_figures']) }} as shown,
        {{ surrogate_key(['unit_code', 'official_total_score', 'official_rank', 'all_figures']) }} as figures
    from summed
)

select * from final
