-- Grain: one row per period and department or commune of the province `$province`; the periods of a unit beside each other,
-- which packs a fifth smaller.
with listed as (
    select 'department' as level, * from marts.mart_department_ranking
    where province_code = $province
    union all by name
    select 'commune' as level, * from marts.mart_commune_ranking
    where province_code = $province
)

select
    periods.p, l.level, l.unit_code as u, l.name_vi, l.unit_type, l.total_score, l.rank, l.score_change, l.rank_change,
    l.band, l.official_rank, l.peers, l.peers_expected, l.rank_reason, l.movement_reason, l.baseline, l.period_status
from listed as l
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
order by l.level desc, l.unit_code, periods.p
