-- Where do the provinces stand?
select rank, unit_vi, total_score, rank_change, band from marts.bi_ranking
where unit_level = 'province' and basis = 'portal' and period_type = 'year_to_date' and is_latest
order by rank
