-- Grain: one row per period and province.
select
    periods.p, r.unit_code as u, r.name_vi, r.name_en, r.unit_type, r.agency_code, r.total_score, r.rank,
    r.previous_score, r.previous_rank, r.score_change, r.rank_change, r.band, r.official_score, r.official_rank,
    r.rank_reason, r.movement_reason, similar_ones.codes as similar
from marts.mart_province_ranking as r
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
left join (
    select p, unit_code, list(similar_code order by similar_code) as codes from alike group by p, unit_code
) as similar_ones using (p, unit_code)
order by periods.p, r.rank nulls last, r.unit_code
