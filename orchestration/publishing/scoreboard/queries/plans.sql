-- Grain: one row per period, province, goal and step; of a goal that counts alone do not reach one row, step 0.
select
    r.p, plan.unit_code as u, plan.goal, plan.goal_total, plan.goal_total - r.total_score as points_needed, plan.step,
    plan.metric_code as m, plan.more_units, plan.counted_unit, plan.score_before, plan.score_after, plan.total_after, plan.plan_reason
from marts.mart_score_plan as plan
inner join (
    select periods.p, periods.period_id, ranking.unit_code, ranking.total_score
    from marts.mart_province_ranking as ranking
    inner join periods using (period_id)
) as r using (period_id, unit_code)
order by r.p, plan.unit_code, points_needed, plan.goal, plan.step
