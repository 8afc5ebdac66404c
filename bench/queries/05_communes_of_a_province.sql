-- Which communes of a province lead, and which trail?
select rank, unit_vi, total_score, band from marts.bi_ranking
where
    unit_level = 'commune' and province_code = '75' and basis = 'records' and period_type = 'month' and is_latest
order by rank
