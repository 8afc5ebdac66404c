-- Grain: one row per period, unit level and group: how many units have a figure of how many. Where a province's number of
-- units is not known, nor is the sum.
select
    periods.p, c.unit_level, c.group_code as g, sum(c.units_present) as present,
    case when count(c.units_expected) = count(*) then sum(c.units_expected) end as expected,
    count(*) - count(c.units_expected) as provinces_unknown,
    strftime(max(c.newest_at), '%Y-%m-%d %H:%M') as newest_at,
    array_to_string(list_sort(list_distinct(string_split(string_agg(c.missing_sources, ', '), ', '))), ', ') as missing_sources
from marts.mart_coverage as c
inner join periods using (basis, regime, period_type, period_start, period_end, as_of)
group by periods.p, c.unit_level, c.group_code
order by periods.p, c.unit_level desc, c.group_code
