-- Of the strengths of one phase, the one that comes nearest to the wanted total. Variable: phase.
insert into chosen_levels
with nearest as (
    select totals.agency_code, totals.phase, arg_min(strength, abs(totals.total - wanted.total) * 1000 + strength) as strength,
        arg_min(totals.total, abs(totals.total - wanted.total) * 1000 + strength) as total
    from candidate_totals(getvariable('phase')) as totals
    join target_total as wanted on wanted.agency_code = totals.agency_code and wanted.phase = totals.phase
    group by totals.agency_code, totals.phase
)
select nearest.agency_code, nearest.phase, map_from_entries(list((candidate.level, candidate.value))), any_value(nearest.total)
from nearest join candidate using (agency_code, phase, strength) group by nearest.agency_code, nearest.phase;
