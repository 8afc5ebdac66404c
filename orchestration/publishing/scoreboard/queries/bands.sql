-- Grain: one row per period and band: how many provinces are in it.
select periods.p, r.band, count(*) as provinces
from marts.mart_province_ranking as r
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
where r.band is not null
group by periods.p, r.band
order by periods.p, r.band
