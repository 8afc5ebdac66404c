-- Grain: one row per period key, unit and scored metric, group or TOTAL for which the portal gives a score.
with observations as (
    select * from {{ ref('int_portal__observations') }}
),

scores as (
    select * from {{ ref('mart_indicator_scores') }}
    where basis = 'portal'
),

periods as (
    select * from {{ ref('dim_period') }}
),

index_scores as (
    select * from {{ ref('mart_index') }}
    where basis = 'portal'
),

official_groups as (
    select * from {{ ref('int_portal__group_scores') }}
),

-- Of a unit that was captured by its groups alone the portal gives no total.
official_totals as (
    select * from {{ ref('int_portal__unit_snapshots') }}
    where is_listed
),

-- TTTT metrics come with counts and no score: there is nothing of the portal's to compare them with. A null
-- score beside a published ratio or counts is the portal's answer "no score", and is compared.
metrics as (
    select
        {{ period_keys('scores') }},
        scores.unit_code,
        scores.unit_level,
        scores.metric_code,
        'metric' as score_level,
        cast(observations.official_score as double) as official_score,
        scores.score as computed_score,
        observations.denominator is not null as has_counts,
        observations.denominator_status
    from scores
    inner join observations
        on
            {{ same_period('scores', 'observations') }}
            and scores.unit_code = observations.unit_code
            and scores.metric_code = observations.metric_code
    where
        scores.max_score > 0
        and (observations.official_score is not null or scores.score is null)
),

groups as (
    select
        {{ period_keys('index_scores') }},
        index_scores.unit_code,
        index_scores.unit_level,
        index_scores.group_code as metric_code,
        'group' as score_level,
        cast(official_groups.official_score as double) as official_score,
        case when index_scores.score_origin = 'computed' then cast(index_scores.score as double) end as computed_score,
        false as has_counts,
        cast(null as string) as denominator_status
    from index_scores
    inner join official_groups
        on
            {{ same_period('index_scores', 'official_groups') }}
            and index_scores.unit_code = official_groups.unit_code
            and index_scores.group_code = official_groups.group_code
),

totals as (
    select
        {{ period_keys('index_scores') }},
        index_scores.unit_code,
        index_scores.unit_level,
        index_scores.group_code as metric_code,
        'total' as score_level,
        cast(official_totals.official_total_score as double) as official_score,
        case when index_scores.score_origin = 'computed' then cast(index_scores.score as double) end as computed_score,
        false as has_counts,
        cast(null as string) as denominator_status
    from index_scores
    inner join official_totals
        on
            {{ same_period('index_scores', 'official_totals') }}
            and index_scores.unit_code = official_totals.unit_code
    where index_scores.group_code = 'TOTAL'
),

compared as (
    select * from metrics
    union all
    select * from groups
    union all
    select * from totals
),

final as (
    select
        {{ period_keys('compared') }},
        compared.unit_code,
        compared.metric_code,
        compared.official_score,
        compared.computed_score,
        computed_score - official_score as difference,
        case
            when official_score is null and computed_score is null then 'match'
            when computed_score is null then 'not_computable'
            when official_score is null then 'differs'
            when abs(computed_score - official_score) <= {{ var('reconciliation_match_tolerance') }} then 'match'
            -- Only sums may be off by the rounding of what they add up.
            when
                score_level <> 'metric'
                and abs(computed_score - official_score) <= {{ var('reconciliation_rounding_tolerance') }}
                then 'rounding'
            else 'differs'
        end as status,
        compared.unit_level,
        compared.score_level,
        compared.has_counts,
        compared.denominator_status,
        periods.period_id,
        periods.contains_synthetic
    from compared
    left join periods
        on
            {{ same_period('compared', 'periods') }}
)

select * from final
