-- How do the departments of a province stand?
select rank, unit_vi, total_score from marts.bi_ranking
where
    unit_level = 'department' and province_code = '52' and basis = 'portal' and period_type = 'year_to_date'
order by as_of, rank
