-- Grain: one row per period key, unit, goal and step; of a goal that counts alone do not reach one row, step 0.
with gaps as (
    select * from {{ ref('mart_score_gap') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

ranked as (
    select * from {{ ref('index_ranked') }}
    where total_score is not null
),

bands as (
    select * from {{ ref('bands') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

-- A list of totals and groups has no counts: nobody can say what it takes.
counted as (
    select distinct
        {{ period_keys() }},
        unit_code
    from gaps
    where denominator is not null
),

goals as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        total_score,
        'next_tenth' as goal,
        cast(floor(total_score * 10 + 1) / 10 as decimal(6, 2)) as goal_total
    from ranked
    where total_score < 100
    union all
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        total_score,
        'next_rank' as goal,
        cast(next_total + {{ var('smallest_score_step') }} as decimal(6, 2)) as goal_total
    from ranked
    where next_total is not null
    union all
    select
        {{ period_keys('ranked') }},
        ranked.unit_code,
        ranked.unit_level,
        ranked.total_score,
        'next_band' as goal,
        cast(bands.below_score as decimal(6, 2)) as goal_total
    from ranked
    inner join bands
        on
            ranked.total_score >= coalesce(bands.minimum_score, 0)
            and ranked.total_score < bands.below_score
),

-- What the unit's own work can win, cheapest first: a counted unit wins the same part of a point until the full mark.
winnable as (
    select
        {{ period_keys() }},
        unit_code,
        metric_code,
        group_code,
        counted_unit,
        numerator,
        denominator,
        cast(score as decimal(6, 2)) as score,
        cast(points_lost as decimal(6, 2)) as points_lost,
        units_per_point,
        row_number() over (
            partition by {{ period_keys() }}, unit_code
            order by units_per_point, metric_code
        ) as step,
        sum(cast(points_lost as decimal(6, 2))) over (
            partition by {{ period_keys() }}, unit_code
            order by units_per_point, metric_code
            rows between unbounded preceding and current row
        ) as won_with_it
    from gaps
    where units_per_point is not null and points_lost > 0
),

reach as (
    select
        {{ period_keys() }},
        unit_code,
        max(won_with_it) as points_in_reach
    from winnable
    group by {{ period_keys() }}, unit_code
),

asked as (
    select
        goals.*,
        goals.goal_total - goals.total_score as points_needed,
        coalesce(reach.points_in_reach, 0) as points_in_reach,
        counted.unit_code is not null as is_counted
    from goals
    left join reach
        on
            {{ same_period('goals', 'reach') }}
            and goals.unit_code = reach.unit_code
    left join counted
        on
            {{ same_period('goals', 'counted') }}
            and goals.unit_code = counted.unit_code
),

-- The last step is taken as far as the goal needs; those before it to the full mark.
reached as (
    select
        {{ period_keys('asked') }},
        asked.unit_code,
        asked.unit_level,
        asked.goal,
        asked.goal_total,
        asked.total_score,
        winnable.step,
        winnable.metric_code,
        winnable.group_code,
        winnable.counted_unit,
        winnable.numerator,
        winnable.denominator,
        winnable.units_per_point,
        winnable.score as score_before,
        winnable.score
        + least(winnable.points_lost, asked.points_needed - winnable.won_with_it + winnable.points_lost)
            as score_needed
    from asked
    inner join winnable
        on
            {{ same_period('asked', 'winnable') }}
            and asked.unit_code = winnable.unit_code
            and asked.points_needed > winnable.won_with_it - winnable.points_lost
    where asked.points_in_reach >= asked.points_needed
),

-- Each step is scored again by the rule of its metric: what it wins is what the portal would show.
taken as (
    select
        reached.*,
        indicators.max_score,
        indicators.full_mark_ratio,
        indicators.zero_denominator_score,
        greatest(
            {{ numerator_showing(
                'reached.score_needed', 'reached.units_per_point', 'reached.denominator', 'indicators',
            ) }} - reached.numerator,
            1
        ) as more_units
    from reached
    inner join indicators
        on
            reached.regime = indicators.regime
            and reached.metric_code = indicators.metric_code
),

counted_again as (
    select
        *,
        cast(numerator + more_units as double) / denominator as ratio_after
    from taken
),

scored_again as (
    select
        *,
        {{ rounded_score(score('ratio_after', 'denominator', 'counted_again')) }} as score_after
    from counted_again
),

listed as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        goal,
        goal_total,
        step,
        metric_code,
        group_code,
        counted_unit,
        more_units,
        score_before,
        score_after,
        total_score + sum(score_after - score_before) over (
            partition by {{ period_keys() }}, unit_code, goal
            order by step
            rows between unbounded preceding and current row
        ) as total_after,
        null as plan_reason
    from scored_again
    union all
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        goal,
        goal_total,
        0 as step,
        null as metric_code,
        null as group_code,
        null as counted_unit,
        null as more_units,
        null as score_before,
        null as score_after,
        total_score as total_after,
        case
            when is_counted
                then
                    'it takes ' || cast(points_needed as string) || ' points; counts of its own can win '
                    || cast(points_in_reach as string)
            else 'the source gives no counts'
        end as plan_reason
    from asked
    where points_in_reach < points_needed
),

final as (
    select
        {{ period_keys('listed') }},
        periods.period_id,
        listed.unit_code,
        listed.unit_level,
        listed.goal,
        listed.goal_total,
        cast(listed.step as integer) as step,
        listed.metric_code,
        listed.group_code,
        listed.counted_unit,
        cast(listed.more_units as bigint) as more_units,
        cast(listed.score_before as decimal(6, 2)) as score_before,
        cast(listed.score_after as decimal(6, 2)) as score_after,
        cast(listed.total_after as decimal(6, 2)) as total_after,
        listed.plan_reason,
        periods.contains_synthetic
    from listed
    inner join periods
        on
            {{ same_period('listed', 'periods') }}
)

select * from final
