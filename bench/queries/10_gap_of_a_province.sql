-- What would win the most points?
select metric_code, points_lost, more_for_full_mark, full_mark_reason, more_for_next_rank, next_rank_reason
from marts.mart_score_gap
where basis = 'portal' and period_type = 'year_to_date' and unit_level = 'province' and unit_code = '75'
order by as_of desc, points_lost desc
