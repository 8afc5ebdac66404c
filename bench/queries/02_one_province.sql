-- What is the total of one province, and why is it not higher?
select metric_vi, score, max_score, points_lost, rank, peers from marts.bi_indicator
where unit_code = '75' and basis = 'portal' and period_type = 'year_to_date' and is_latest
order by points_lost desc nulls last
