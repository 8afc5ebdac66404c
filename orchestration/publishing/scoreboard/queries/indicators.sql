-- Grain: one row per regime and metric.
select regime, metric_code as m, group_code as g, name_vi, name_en, max_score, full_mark_ratio, counted_unit, evidence, is_scored
from marts.dim_indicator
order by regime, group_code, max_score desc, metric_code
