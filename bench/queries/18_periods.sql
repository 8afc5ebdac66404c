-- Which periods are there?
select period_id, label_vi, label_en, is_latest, is_over from marts.dim_period
order by basis, period_type, period_start, as_of
