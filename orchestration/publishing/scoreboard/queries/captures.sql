-- Grain: one row per day and what became of the captures that describe it.
select
    as_of, period_type, unit_level, capture_status, count(*) as captures,
    strftime(max(observed_at), '%Y-%m-%d %H:%M') as observed_at, max(units) as units
from marts.mart_portal_captures
group by as_of, period_type, unit_level, capture_status
order by as_of desc nulls last, period_type, unit_level desc, capture_status
