-- How do a province's communes spread in one group?
select i.score, count(*) as communes from marts.mart_index as i
inner join marts.dim_period as p on i.period_id = p.period_id
inner join marts.dim_unit as u on i.unit_code = u.unit_code and u.valid_to is null
where
    i.unit_level = 'commune' and i.group_code = 'TDGQ' and p.basis = 'records' and p.period_type = 'month'
    and p.is_latest and u.province_code = '79'
group by i.score
order by i.score
