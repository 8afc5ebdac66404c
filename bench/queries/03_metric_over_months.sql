-- How did one metric of one unit go over the months?
select period_start, numerator, denominator, ratio, score from marts.mart_indicator_scores
where
    basis = 'records' and period_type = 'month' and unit_level = 'province' and unit_code = '75'
    and metric_code = 'ON_TIME_SETTLEMENT'
order by period_start
