-- Grain: one row per period and province; similar are the others of its region.
select
    periods.p, r.unit_code as u, r.name_vi, r.name_en, r.unit_type, r.agency_code, r.total_score, r.rank,
    r.previous_score, r.previous_rank, r.score_change, r.rank_change, r.band, r.official_score, r.official_rank,
    r.rank_reason, r.movement_reason, own.region_vi, own.region_en, similar_ones.codes as similar
from marts.mart_province_ranking as r
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
left join regions as own using (unit_code)
left join (
    select one.unit_code, list(other.unit_code order by other.unit_code) as codes
    from regions as one
    inner join regions as other on one.region_vi = other.region_vi and one.unit_code <> other.unit_code
    group by one.unit_code
) as similar_ones using (unit_code)
order by periods.p, r.rank nulls last, r.unit_code
