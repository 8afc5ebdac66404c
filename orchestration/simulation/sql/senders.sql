-- Who sends how much in each phase: a province's quota divided among its old parts by their communes, with nothing
-- lost to rounding. National totals at scale 1: 9,032,000 before July, 15,968,000 from July.
create table sender_phase as
with quota as (
    select agency_code, 1 as phase,
        round(getvariable('scale')::double * 9032000 * dossiers_2026 / sum(dossiers_2026) over ())::bigint as n from province
    union all
    select agency_code, 2,
        round(getvariable('scale')::double * 15968000 * dossiers_2026 / sum(dossiers_2026) over ())::bigint from province
),
part as (
    select old.agency_code as sender, old.new_agency, 1 as phase,
        count(*)::double as weight
    from old_province as old join old_commune_unit as units on units.sender = old.agency_code group by all
    union all
    select agency_code, agency_code, 2, 1.0 from province
),
running as (
    select *, sum(weight) over (partition by new_agency, phase order by sender) / sum(weight) over (
        partition by new_agency, phase) as upto,
        (sum(weight) over (partition by new_agency, phase order by sender) - weight) / sum(weight) over (
        partition by new_agency, phase) as above
    from part
),
counted as (
    select running.sender, running.new_agency, running.phase,
        (round(quota.n * upto) - round(quota.n * above))::bigint as n
    from running join quota on quota.agency_code = running.new_agency and quota.phase = running.phase
),
sizes as (
    select sender, phase, count(*) filter (unit_level = 'department') as departments,
        count(*) filter (unit_level = 'district') as districts, count(*) filter (unit_level = 'commune') as communes,
        count(*) filter (unit_level = 'commune' and is_covering) as covering
    from filing_unit group by sender, phase
)
select counted.*, sizes.departments, sizes.districts, sizes.communes, sizes.covering,
    (hash(getvariable('seed')::bigint, counted.sender, counted.phase) % 1048576)::bigint as salt,
    (hash('procedures', counted.new_agency) % 97)::bigint as first_procedure,
    levels['timely'] as timely, levels['online'] as online, levels['paid_online'] as paid_online,
    levels['result'] as result, levels['digitised'] as digitised, levels['reused'] as reused,
    levels['store'] as store, levels['population'] as population, levels['synchronised'] as synchronised,
    levels['publish_on_time'] as publish_on_time, levels['update_on_time'] as update_on_time,
    levels['petition_on_time'] as petition_on_time, levels['petition_content'] as petition_content,
    levels['active_procedures'] as active_now,
    -- In the first days of July procedures are used as before; from 6 July as the new level says.
    coalesce((select any_value(before.levels['active_procedures']) from chosen_levels as before
        where before.agency_code = counted.new_agency and before.phase = 1), 0) as active_before
from counted join sizes using (sender, phase)
join chosen_levels on chosen_levels.agency_code = counted.new_agency and chosen_levels.phase = counted.phase;

create table defect as select * from read_csv(getvariable('own') || '/defects.csv');

-- Which sender's system has which constant habit.
create table system_habit as
select senders.sender, senders.phase,
    map_from_entries(list((defect.defect, hash(getvariable('seed')::bigint, senders.sender, defect.defect) % 10000
        < defect.rate * 10000 and coalesce(defect.kept_from, '') <> senders.new_agency))) as habits
from sender_phase as senders cross join defect where defect.scope = 'system' group by senders.sender, senders.phase;
