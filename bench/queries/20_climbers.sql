-- Who climbed most?
select unit_vi, rank_change, score_change, baseline from marts.bi_ranking
where
    unit_level = 'province' and basis = 'records' and period_type = 'month' and is_latest
    and rank_change is not null
order by rank_change desc limit 10
