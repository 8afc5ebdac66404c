-- Grain: one row per province of the period `$p`, in the order of every sheet of its workbook.
select
    r.unit_code, r.name_vi, r.name_en, r.total_score, r.rank, r.score_change, r.rank_change, r.band, r.official_score,
    r.official_rank, r.rank_reason
from marts.mart_province_ranking as r
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
where periods.p = $p
order by r.rank nulls last, r.unit_code
