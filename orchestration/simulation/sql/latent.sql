-- What truly happened to the dossiers of one province and period, before any system writes it down wrongly.
-- Variables: agency, phase, first_day, last_day, data_end. One row a dossier, in order of receipt within a sender.
create or replace temp table latent as
with counted as (
    select senders.* exclude (n), calendar.day,
        unnest(range(floor(cum_before * n + 1e-9)::bigint, floor(cum_after * n + 1e-9)::bigint)) as i
    from sender_phase as senders join calendar on calendar.phase = senders.phase
    where senders.new_agency = getvariable('agency') and senders.phase = getvariable('phase')
        and calendar.day between getvariable('first_day') and getvariable('last_day')
),
placed as (
    select *, i + salt as x, (i * 65) // 100 as j_lower, ((i + 1) * 65) // 100 > (i * 65) // 100 as is_lower,
        if(phase = 2 and day >= date '2025-07-06', active_now, if(phase = 2, active_before, active_now)) as active
    from counted
),
levelled as (
    select *, if(is_lower, j_lower, i - j_lower) as j,
        if(phase = 1, (j_lower * 60) // 100, j_lower) as j_commune,
        case
            when not is_lower then 'department'
            when phase = 2 or ((j_lower + 1) * 60) // 100 > (j_lower * 60) // 100 then 'commune'
            else 'district'
        end as unit_level
    from placed
),
assigned as (
    select *,
        case
            when unit_level = 'department' then floor(departments * power(u(x, 1), 1.3))::bigint
            when unit_level = 'district' then floor(districts * u(x, 1))::bigint
            when j_commune < covering then j_commune
            else floor(communes * power(u(x, 1), 1.3))::bigint
        end as unit_position,
        (unit_level = 'commune' and (j_commune < covering or u(x, 2) < 0.02)) as is_certified_copy,
        if(is_lower, 50, 60) as procedures
    from levelled
),
chosen as (
    select *, if(is_certified_copy, -1, (first_procedure + if(j % 2 = 0,
        (j // 2) % ceil(procedures * active)::bigint,
        floor(ceil(procedures * active) * power(u(x, 3), 1.3))::bigint)) % procedures) as position,
        if(is_lower, 'commune', 'province') as execution_level
    from assigned
),
timed as (
    select chosen.* exclude (position, execution_level), filing_unit.unit_code, filing_unit.today_code,
        procedure.* exclude (position), habits,
        chosen.day + to_seconds(27000 + floor(34200 * u(x, 4))) as received_at,
        u(x, 5) >= timely as is_late, u(x, 6) as fate_draw, u(x, 7) as pace, u(x, 8) as other_draw
    from chosen
    join procedure on procedure.execution_level = chosen.execution_level and procedure.position = chosen.position
    join filing_unit on filing_unit.sender = chosen.sender and filing_unit.phase = chosen.phase
        and filing_unit.unit_level = chosen.unit_level and filing_unit.position = chosen.unit_position
    join system_habit on system_habit.sender = chosen.sender and system_habit.phase = chosen.phase
),
due as (
    select *, if(limit_unit = 'hour', received_at + to_hours(statutory_limit), promised(day, statutory_limit)) as due_at,
        case -- how it ends: a status of the contract
            when is_late then if(fate_draw < 0.05, 6, 9)
            when fate_draw < 0.008 then 3
            when fate_draw < 0.011 then 7
            when fate_draw < 0.015 then 8
            when fate_draw < 0.019 then 5
            else 9
        end as fate
    from timed
),
asked as (
    select *, not is_late and fate = 9 and other_draw < 0.004 as lacks_due,
        fate = 9 and not is_late and other_draw > 0.97 as is_supplemented,
        received_at + to_seconds(floor(0.2 * epoch(due_at - received_at))) as asked_at
    from due
),
ended as (
    select *,
        if(is_supplemented, asked_at + to_seconds(floor(43200 + 129600 * u(x, 9))), null) as supplied_at,
        case
            when fate = 6 then null
            when fate = 5 then asked_at
            when lacks_due then received_at + interval 2 hour
            when is_late then due_at + to_seconds(floor(86400 * (1 + floor(u(x, 9) * 5)) - 21600 * pace))
            else received_at + to_seconds(floor((0.25 + 0.74 * pace) * epoch(due_at - received_at)))
        end as worked_until
    from asked
),
settled as (
    select *, worked_until + coalesce(supplied_at - asked_at, interval 0 second) as ended_at from ended
)
select
    x, i, sender, new_agency, phase, day, unit_level, unit_code, today_code, is_certified_copy, habits,
    procedure_code, name_vi, field_code, statutory_limit, is_fee_bearing, returns_paper_result,
    received_at, if(lacks_due, null, due_at) as due_at, due_at as promised_at, fate, is_late,
    case when is_supplemented or fate in (5, 6) then asked_at end as asked_at, supplied_at, worked_until, ended_at,
    if(fate = 9 and u(x, 10) < 0.85, ended_at + to_seconds(floor(3600 + 90000 * u(x, 11))), null) as returned_at,
    if(u(x, 12) < online, 2, if(u(x, 13) < 0.8, 1, 3)) as channel, u(x, 13) as channel_draw,
    is_fee_bearing and u(x, 14) >= 0.08 as is_obliged, u(x, 15) < paid_online as is_paid_online, u(x, 16) as pay_draw,
    fate = 9 and ended_at <= getvariable('data_end') and u(x, 17) < least(1, result / covered_share(phase)) as has_result,
    u(x, 18) < digitised as has_file,
    u(x, 18) < digitised and u(x, 19) < reused / digitised as is_reused,
    u(x, 18) < digitised and u(x, 20) < store / digitised as is_from_store,
    u(x, 21) < population as uses_population,
    u(x, 22) as defect_draw, u(x, 23) as copy_draw, u(x, 24) as small_draw
from settled
order by sender, x;
