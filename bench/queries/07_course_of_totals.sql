-- How did every province's total go day by day?
select unit_code, as_of, total_score, rank from marts.mart_province_ranking
where basis = 'portal' and regime = 'portal_2026' and period_type = 'year_to_date'
order by unit_code, as_of
