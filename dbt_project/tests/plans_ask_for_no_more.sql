-- A step whose last counted unit wins nothing that the goal needs. Of steps before the last one, that unit is the one
-- that shows the full mark.
with plans as (
    select
        *,
        row_number() over (
            partition by {{ period_keys() }}, unit_code, goal
            order by step desc
        ) as steps_left
    from {{ ref('mart_score_plan') }}
    where step > 0
),

gaps as (
    select * from {{ ref('mart_score_gap') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

shorter as (
    select
        plans.*,
        gaps.max_score,
        {{ rounded_score(score(
            '(cast(gaps.numerator + plans.more_units - 1 as double) / gaps.denominator)', 'gaps.denominator', 'indicators',
        )) }} as score_of_one_less
    from plans
    inner join gaps
        on
            {{ same_period('plans', 'gaps') }}
            and plans.unit_code = gaps.unit_code
            and plans.metric_code = gaps.metric_code
    inner join indicators
        on
            plans.regime = indicators.regime
            and plans.metric_code = indicators.metric_code
)

select *
from shorter
where
    more_units > 1
    and case
        when steps_left = 1 then total_after - score_after + score_of_one_less >= goal_total
        else score_of_one_less >= max_score
    end
