-- How do the regions compare in one metric?
select region_vi, sum(numerator) as numerator, sum(denominator) as denominator from marts.bi_indicator
where
    metric_code = 'ON_TIME_SETTLEMENT' and unit_level = 'province' and basis = 'records'
    and period_type = 'month' and is_latest
group by region_vi
order by region_vi
