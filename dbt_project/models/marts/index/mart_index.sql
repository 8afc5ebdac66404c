-- Grain: one row per period key, unit and group, and one for TOTAL.
with indicators as (
    select * from {{ ref('dim_indicator') }}
    where is_scored
),

groups as (
    select
        regime,
        group_code,
        count(*) as metrics,
        sum(max_score) as max_score
    from indicators
    group by regime, group_code
),

periods as (
    select * from {{ ref('dim_period') }}
),

metric_scores as (
    select * from {{ ref('mart_indicator_scores') }}
    where max_score > 0
),

missing as (
    select
        {{ period_keys() }},
        unit_code,
        group_code,
        {{ comma_list('source') }} as sources
    from {{ ref('int_records__missing') }}
    where is_scored
    group by {{ period_keys() }}, unit_code, group_code
),

official_groups as (
    select * from {{ ref('int_portal__group_scores') }}
),

official_totals as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

-- Every unit that any figure speaks of, so that a missing group is seen as missing.
units as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level
    from metric_scores
    union
    select
        {{ period_keys() }},
        unit_code,
        unit_level
    from official_totals
),

-- A group is computed only from all of its metrics; a metric without a score adds nothing. Where a source of one was
-- not delivered, the group has no figure.
computed_groups as (
    select
        {{ period_keys() }},
        unit_code,
        group_code,
        count(*) as metrics,
        case when count(score_reason) = 0 then sum(coalesce({{ rounded_score('score') }}, 0)) end as score
    from metric_scores
    group by {{ period_keys() }}, unit_code, group_code
),

group_scores as (
    select
        {{ period_keys('units') }},
        units.unit_code,
        units.unit_level,
        groups.group_code,
        coalesce(computed_groups.score, official_groups.official_score) as score,
        groups.max_score,
        case
            when computed_groups.score is not null then 'computed'
            when official_groups.official_score is not null then 'official'
        end as score_origin,
        'not_delivered: ' || missing.sources as score_reason
    from units
    inner join groups
        on units.regime = groups.regime
    left join computed_groups
        on
            {{ same_period('units', 'computed_groups') }}
            and units.unit_code = computed_groups.unit_code
            and groups.group_code = computed_groups.group_code
            and groups.metrics = computed_groups.metrics
    left join official_groups
        on
            {{ same_period('units', 'official_groups') }}
            and units.unit_code = official_groups.unit_code
            and groups.group_code = official_groups.group_code
    left join missing
        on
            {{ same_period('units', 'missing') }}
            and units.unit_code = missing.unit_code
            and groups.group_code = missing.group_code
),

summed as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        sum(score) as score,
        sum(max_score) as max_score,
        sum(case when score_origin = 'computed' then max_score else 0 end) as computed_max_score,
        count(score) = count(*) as has_all_groups,
        {{ comma_list('case when score is null then group_code end') }} as missing_groups
    from group_scores
    group by {{ period_keys() }}, unit_code, unit_level
),

-- A unit with a missing group has no total. A total with nothing computed in it is the portal's own.
totals as (
    select
        {{ period_keys('summed') }},
        summed.unit_code,
        summed.unit_level,
        'TOTAL' as group_code,
        case
            when not summed.has_all_groups then null
            when summed.computed_max_score > 0 then summed.score
            else coalesce(official_totals.official_total_score, summed.score)
        end as score,
        summed.max_score,
        case
            when not summed.has_all_groups then null
            when summed.computed_max_score > 0 then 'computed'
            else 'official'
        end as score_origin,
        summed.computed_max_score,
        'no figure for ' || summed.missing_groups as score_reason
    from summed
    left join official_totals
        on
            {{ same_period('summed', 'official_totals') }}
            and summed.unit_code = official_totals.unit_code
),

listed as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        group_code,
        score,
        max_score,
        score_origin,
        case when score_origin = 'computed' then max_score else 0 end as computed_max_score,
        score_reason
    from group_scores
    union all
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        group_code,
        score,
        max_score,
        score_origin,
        computed_max_score,
        score_reason
    from totals
),

final as (
    select
        {{ period_keys('listed') }},
        listed.unit_code,
        listed.unit_level,
        listed.group_code,
        cast(listed.score as decimal(6, 2)) as score,
        listed.max_score,
        listed.score_origin,
        listed.computed_max_score,
        listed.score_reason,
        periods.period_id,
        periods.contains_synthetic
    from listed
    left join periods
        on
            {{ same_period('listed', 'periods') }}
)

select * from final
