-- Which communes of the country are last in one metric?
select unit_vi, province_vi, ratio, numerator, denominator from marts.bi_indicator
where
    metric_code = 'ON_TIME_SETTLEMENT' and unit_level = 'commune' and basis = 'records'
    and period_type = 'month' and is_latest and ratio is not null
order by ratio limit 20
