-- One indicator by itself, for a map.
select unit_code, ratio, score from marts.ind_on_time_settlement
where basis = 'records' and period_type = 'year_to_date' and unit_level = 'province'
order by unit_code
