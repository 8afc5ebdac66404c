-- Grain: one row per period and province, or the nation.
select
    periods.p, h.unit_code as u, h.dossiers_received, h.online_ratio,
    h.paid_online_ratio, h.early, h.on_time, h.within_time, h.overdue, h.no_deadline,
    h.timely_ratio, h.total_score
from marts.mart_service_headline as h
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
where h.unit_level in ('province', 'nation')
order by periods.p, h.unit_code
