-- Of whom do figures lack?
select province_code, unit_level, group_code, units_expected, units_present, missing_sources from marts.mart_coverage
where basis = 'records' and period_type = 'month' and units_present < units_expected
order by period_start desc, province_code limit 100
