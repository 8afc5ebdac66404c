-- Grain: one row per period, group and metric of it: the figures of all provinces as lists, in the order of the ranking;
-- before the metrics of a group one row of the group itself. Medians are of all provinces.
with placed as (
    select periods.p, r.unit_code, row_number() over (partition by periods.p order by r.rank nulls last, r.unit_code) as place
    from marts.mart_province_ranking as r
    inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
),

figures as (
    select
        p, unit_code, group_code, group_code as code, null::bigint as numerator, null::bigint as denominator,
        null::double as ratio, score, true as is_group
    from group_scores
    union all
    select p, unit_code, group_code, metric_code, numerator, denominator, ratio, score, false
    from metric_scores
    where unit_level = 'province'
),

codes as (
    select distinct p, group_code, code, is_group from figures
),

about as (
    select periods.p, i.metric_code as code, i.name_vi, i.name_en from marts.dim_indicator as i
    inner join periods using (regime)
)

select
    c.p, c.group_code, c.code, c.is_group, any_value(about.name_vi) as name_vi, any_value(about.name_en) as name_en,
    list(f.numerator order by placed.place) as numerator, list(f.denominator order by placed.place) as denominator,
    list(f.ratio order by placed.place) as ratio, list(f.score order by placed.place) as score,
    any_value(middle.median_ratio) as median_ratio, any_value(middle.median_score) as median_score
from codes as c
inner join placed using (p)
left join figures as f on c.p = f.p and c.group_code = f.group_code and c.code = f.code and placed.unit_code = f.unit_code
left join about on c.p = about.p and c.code = about.code
left join peer_medians as middle on c.p = middle.p and c.code = middle.part_code and middle.peer_group = 'nation'
group by c.p, c.group_code, c.code, c.is_group
order by c.p, c.group_code, c.is_group desc, c.code
