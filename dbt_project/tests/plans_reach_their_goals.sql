-- A plan whose last step leaves the total below its goal, once every step is scored again; or a step that could be
-- left out, as those before it reach the goal already.
with plans as (
    select
        *,
        row_number() over (
            partition by {{ period_keys() }}, unit_code, goal
            order by step desc
        ) as steps_left
    from {{ ref('mart_score_plan') }}
    where step > 0
)

select *
from plans
where (total_after >= goal_total) <> (steps_left = 1)
