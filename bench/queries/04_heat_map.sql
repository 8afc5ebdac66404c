-- Which province is weak in which group?
select i.unit_code, u.label_vi, g.name_vi, i.score, i.max_score from marts.mart_index as i
inner join marts.dim_period as p on i.period_id = p.period_id
inner join marts.dim_group as g on i.regime = g.regime and i.group_code = g.group_code
inner join marts.dim_unit as u on i.unit_code = u.unit_code and u.valid_to is null
where p.is_latest and p.basis = 'records' and p.period_type = 'month' and i.unit_level = 'province'
order by u.label_vi, g.position
