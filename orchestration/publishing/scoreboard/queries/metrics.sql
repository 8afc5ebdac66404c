-- Grain: one row per period, metric and province, or the nation. Ratios in full: rounded once, where they are shown.
select
    p, unit_code as u, metric_code as m, numerator, denominator, ratio, score, points_lost,
    more_for_full_mark, more_for_one_point, more_for_next_rank, full_mark_reason as more_for_full_mark_reason,
    one_point_reason as more_for_one_point_reason, next_rank_reason as more_for_next_rank_reason, score_reason,
    denominator_status
from metric_scores
order by metric_code, unit_code, p
