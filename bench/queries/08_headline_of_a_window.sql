-- What does a press report say of one province?
select dossiers_received, online_ratio, paid_online_ratio, early, on_time, within_time, overdue, timely_ratio
from marts.mart_service_headline
where basis = 'records' and period_type = 'window' and unit_code = '75'
order by period_start
