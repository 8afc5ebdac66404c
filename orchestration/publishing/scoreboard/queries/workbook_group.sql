-- Grain: one row per metric of the group `$group_code`, its figures of all provinces of the period `$p` as lists, in the
-- order of the ranking; before them one row of the group itself.
with placed as (
    select r.unit_code, row_number() over (order by r.rank nulls last, r.unit_code) as place
    from marts.mart_province_ranking as r
    inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
    where periods.p = $p
),

figures as (
    select
        unit_code, group_code as code, null::bigint as numerator, null::bigint as denominator, null::double as ratio, score, true as is_group
    from group_scores
    where p = $p and group_code = $group_code
    union all
    select unit_code, metric_code, numerator, denominator, ratio, score, false
    from metric_scores
    where p = $p and group_code = $group_code and unit_level = 'province'
),

codes as (
    select distinct code, is_group from figures
),

about as (
    select i.metric_code as code, i.name_vi, i.name_en from marts.dim_indicator as i
    inner join periods on i.regime = periods.regime and periods.p = $p
)

select
    c.code, c.is_group, any_value(about.name_vi) as name_vi, any_value(about.name_en) as name_en,
    list(f.numerator order by placed.place) as numerator, list(f.denominator order by placed.place) as denominator,
    list(f.ratio order by placed.place) as ratio, list(f.score order by placed.place) as score
from codes as c
cross join placed
left join figures as f on c.code = f.code and placed.unit_code = f.unit_code
left join about on c.code = about.code
group by c.code, c.is_group
order by c.is_group desc, c.code
