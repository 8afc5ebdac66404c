-- Where do dossiers wait past their day?
select h.unit_code, u.label_vi, h.overdue, h.dossiers_received from marts.mart_service_headline as h
inner join marts.dim_period as p on h.period_id = p.period_id
inner join marts.dim_unit as u on h.unit_code = u.unit_code and u.valid_to is null
where p.is_latest and p.basis = 'records' and p.period_type = 'month' and h.unit_level = 'province'
order by h.overdue desc
