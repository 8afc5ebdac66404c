-- Grain: one row per period, unit level and group: how many units have a figure of how many.
select
    periods.p, c.unit_level, c.group_code as g, sum(c.units_expected) as expected, sum(c.units_present) as present,
    strftime(max(c.newest_at), '%Y-%m-%d %H:%M') as newest_at,
    string_agg(distinct c.missing_sources, ', ' order by c.missing_sources) as missing_sources
from marts.mart_coverage as c
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
group by periods.p, c.unit_level, c.group_code
order by periods.p, c.unit_level desc, c.group_code
