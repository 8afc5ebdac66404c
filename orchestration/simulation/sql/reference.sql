-- Who exists: provinces, their old parts, every unit with its validity, days with their share of the work.
-- Variables: reference, own (folders), seed, scale.
create table province as
select
    seeds.province_code, seeds.agency_code, seeds.name_vi,
    own.dossiers_2026::bigint as dossiers_2026, own.rank_before::int as rank_before, own.rank_after::int as rank_after
from read_csv(getvariable('reference') || '/provinces.csv', all_varchar = true) as seeds
join read_csv(getvariable('own') || '/provinces.csv', all_varchar = true) as own using (agency_code);

create table commune as
select * from read_csv(getvariable('reference') || '/communes.csv', all_varchar = true);

create table old_commune as
select * from read_csv(getvariable('reference') || '/commune_crosswalk.csv', all_varchar = true);

create table department as
select * from read_csv(getvariable('own') || '/departments.csv', all_varchar = true);

-- A province that lives on under its name keeps its agency code; the others take the codes of `H01`..`H63`
-- that nobody uses today, in the order of their old statistics code. There are exactly as many: 29.
create table old_province as
with named as (
    select links.old_province_code, links.old_name_vi, today.agency_code as new_agency, survivor.agency_code as kept
    from read_csv(getvariable('reference') || '/province_crosswalk.csv', all_varchar = true) as links
    join province as today on today.province_code = links.new_province_code
    left join province as survivor on survivor.name_vi = links.old_name_vi
),
free as (
    select 'H' || lpad(i::varchar, 2, '0') as code, row_number() over (order by i) as position
    from range(1, 64) as numbers(i)
    where 'H' || lpad(i::varchar, 2, '0') not in (select agency_code from province)
),
gone as (
    select old_province_code, row_number() over (order by old_province_code) as position from named where kept is null
)
select named.old_province_code, named.old_name_vi, named.new_agency, coalesce(named.kept, free.code) as agency_code
from named left join gone using (old_province_code) left join free using (position);

-- Districts `.51`, `.52`, ...; old communes below them `.51.01`, ...; communes of today `.301`, ...
create table old_district as
select
    parts.old_province_code, parts.old_district_code, provinces.agency_code as sender,
    provinces.agency_code || '.' || (50 + row_number() over (
        partition by parts.old_province_code order by parts.old_district_code))::varchar as agency_code
from (select distinct old_province_code, old_district_code from old_commune) as parts
join old_province as provinces using (old_province_code);

create table old_commune_unit as
select
    parts.*, districts.sender, districts.agency_code as parent_agency_code,
    districts.agency_code || '.' || lpad((row_number() over (
        partition by districts.agency_code order by parts.old_commune_code))::varchar, 2, '0') as agency_code
from old_commune as parts
join old_district as districts using (old_province_code, old_district_code)
where parts.is_default = '1';

create table new_commune_unit as
select
    communes.commune_code, communes.name_vi, provinces.agency_code as sender,
    provinces.agency_code || '.' || (300 + row_number() over (
        partition by communes.province_code order by communes.commune_code))::varchar as agency_code
from commune as communes join province as provinces using (province_code);

create table unit as
select agency_code, old_name_vi as name_vi, 'province' as unit_level, null as parent_agency_code,
    old_province_code as state_code, date '2004-01-01' as valid_from, date '2025-06-30' as valid_to
from old_province
union all
select agency_code, name_vi, 'province', null, province_code, date '2025-07-01', null from province
union all
select provinces.agency_code || '.' || department_no, department.name_vi, 'department', provinces.agency_code,
    null, date '2004-01-01',
    case when provinces.agency_code not in (select agency_code from province) then date '2025-06-30' end
from old_province as provinces cross join department
union all
select agency_code, 'Đơn vị cấp huyện ' || old_province_code || '.' || old_district_code, 'district', sender,
    old_province_code || '.' || old_district_code, date '2004-01-01', date '2025-06-30'
from old_district
union all
select agency_code, old_commune_name_vi, 'commune', parent_agency_code,
    old_province_code || '.' || old_district_code || '.' || old_commune_code, date '2004-01-01', date '2025-06-30'
from old_commune_unit
union all
select agency_code, name_vi, 'commune', sender, commune_code, date '2025-07-01', null from new_commune_unit;

-- The units that take dossiers, numbered from 0. Old communes that stand for a commune of today come first
-- (`is_covering`), so that a first round over them covers every commune of today.
create table filing_unit as
with listed as (
    select units.sender, 1 as phase, 'commune' as unit_level, units.agency_code as unit_code,
        units.new_commune_code as today_code,
        row_number() over (partition by units.new_commune_code order by units.agency_code) = 1 as is_covering
    from old_commune_unit as units
),
all_units as (
    select * from listed
    union all
    select sender, 2, 'commune', agency_code, commune_code, true from new_commune_unit
    union all
    select sender, 1, 'district', agency_code, null, false from old_district
    union all
    select provinces.agency_code, phases.phase, 'department', provinces.agency_code || '.' || department_no, null, false
    from old_province as provinces cross join department cross join (values (1), (2)) as phases(phase)
    where phases.phase = 1 or provinces.agency_code in (select agency_code from province)
)
select *, row_number() over (
    partition by sender, phase, unit_level order by is_covering desc, unit_code) - 1 as position
from all_units;

-- Days: offices take little at weekends and next to nothing on public holidays.
create table calendar as
with days as (
    select day::date as day, if(day < timestamp '2025-07-01', 1, 2) as phase,
        case
            when day::date in (date '2025-01-01', date '2025-04-07', date '2025-04-30', date '2025-05-01',
                date '2025-09-01', date '2025-09-02')
                or day between date '2025-01-25' and date '2025-02-02' then 0.1
            when isodow(day) = 7 then 0.15
            when isodow(day) = 6 then 0.3
            else 1.0
        end as weight
    from range(timestamp '2025-01-01', timestamp '2025-12-01', interval 1 day) as dates(day)
)
select *,
    (sum(weight) over (partition by phase order by day) - weight) / sum(weight) over (partition by phase) as cum_before,
    sum(weight) over (partition by phase order by day) / sum(weight) over (partition by phase) as cum_after
from days;
