-- The national registers: what is not a dossier. Moments as `yyyyMMddHHmmss`, all values texts.
-- Decisions: 80 procedures a province and phase, each announced by one of its parts, four to a decision.
create table decision as
with item as (
    select senders.new_agency, senders.phase, numbers.j, numbers.procedure_code, numbers.kind, levels,
        list(senders.sender order by senders.sender)[1 + (numbers.j // 4) % count(*)] as agency_code
    from sender_phase as senders cross join decided as numbers
    join chosen_levels as chosen on chosen.agency_code = senders.new_agency and chosen.phase = senders.phase
    group by senders.new_agency, senders.phase, numbers.j, numbers.procedure_code, numbers.kind, levels
),
dated as (
    select *, (j * 37 + 11) % 80 as k,
        if(phase = 1, date '2025-01-13', date '2025-07-10') + ((j // 4) * if(phase = 1, 7, 6))::int as decision_date
    from item
),
promptness as (
    select *, floor((j + 1) * levels['publish_on_time']) > floor(j * levels['publish_on_time']) as is_on_time,
        floor((k + 1) * levels['update_on_time']) > floor(k * levels['update_on_time']) as is_published_on_time
    from dated
)
select
    new_agency, phase, is_on_time, is_published_on_time, decision_date,
    'SYN-' || agency_code || '-' || phase || '-' || lpad((j // 4 + 1)::varchar, 3, '0') || '/QĐ-UBND' as decision_no,
    agency_code, procedure_code, kind,
    decision_date + if(is_on_time, 21, 1)::int as legal_effect_date,
    decision_date + to_days(if(is_published_on_time, 2, 25)::int) + interval 9 hour as published_at
from promptness
order by new_agency, phase, j;

-- Petitions: 120 a province and phase, and those about a dossier. Late ones were received at least 45 days before
-- the end of their phase, so that they are late on its last day whoever looks.
create table petition as
with raised as (
    select new_agency, phase, unit_code as agency_code, dossier_code,
        received_at + interval 26 hour as received_at
    from petitioned
    where received_at + interval 26 hour < if(phase = 1, timestamp '2025-07-01', timestamp '2025-11-30')
    union all
    select senders.new_agency, senders.phase,
        list(senders.sender order by senders.sender)[1 + numbers.j % count(*)], null,
        if(senders.phase = 1, timestamp '2025-01-03 08:00:00', timestamp '2025-07-07 08:00:00')
            + to_seconds(numbers.j * if(senders.phase = 1, 125000, 100000))
    from sender_phase as senders cross join range(0, 120) as numbers(j)
    group by senders.new_agency, senders.phase, numbers.j
),
numbered as (
    select raised.*, chosen.levels['petition_on_time'] as on_time, chosen.levels['petition_content'] as content,
        row_number() over prov - 1 as j, count(*) over (partition by new_agency, raised.phase) as n,
        received_at < if(raised.phase = 1, timestamp '2025-05-20', timestamp '2025-10-15') as may_be_late,
        count(*) filter (received_at < if(raised.phase = 1, timestamp '2025-05-20', timestamp '2025-10-15'))
            over (partition by new_agency, raised.phase) as n_early
    from raised join chosen_levels as chosen on chosen.agency_code = raised.new_agency and chosen.phase = raised.phase
    window prov as (partition by new_agency, raised.phase order by received_at, raised.agency_code, dossier_code)
),
judged as (
    select *, may_be_late and floor((j + 1) * (1 - on_time) * n / n_early + 0.5) > floor(j * (1 - on_time) * n / n_early + 0.5)
        as is_late
    from numbered
),
quarrelled as (
    select *, if(is_late, null, row_number() over (partition by new_agency, phase, is_late order by j) - 1) as k,
        greatest(0, least(1, 1 - content / on_time)) as disputed
    from judged
),
answered as (
    select *, coalesce(floor((k + 1) * disputed + 0.5) > floor(k * disputed + 0.5), false) as is_disputed,
        case when is_late or j % 25 <> 7 then 'finished' when j % 50 = 7 then 'refused' else 'supplement_requested' end as status
    from quarrelled
)
select
    new_agency, phase, is_late, is_disputed, received_at,
    'PAKN-SYN-' || new_agency || '-' || phase || '-' || lpad((j + 1)::varchar, 6, '0') as petition_id,
    agency_code, if(j % 9 = 4, received_at + interval 1 day, null) as transferred_at,
    case when j % 5 < 3 then 'procedure' when j % 5 = 3 then 'staff' else 'other' end as kind,
    status, received_at + case when is_late then interval 40 day when status = 'refused' then interval 20 hour
        when status = 'supplement_requested' then interval 40 hour else to_days((2 + j % 6)::int) end as finished_at,
    if(is_disputed, 0, j % 3) as likes, if(is_disputed, 1 + j % 2, 0) as dislikes, dossier_code
from answered
order by new_agency, phase, j;

create table report_total as
select senders.new_agency, senders.phase, senders.sender as agency_code, year(day) as year, month(day) as month,
    round((max(floor(cum_after * n + 1e-9)) - min(floor(cum_before * n + 1e-9))) / any_value(synchronised))::bigint as received
from sender_phase as senders join calendar using (phase)
group by all
order by all;

create view wire_procedures as
select procedure_code, name_vi, field_code, execution_level, statutory_limit::varchar as statutory_limit, limit_unit,
    flag(is_fee_bearing) as is_fee_bearing, flag(has_synchronised_fees) as has_synchronised_fees,
    flag(returns_paper_result) as returns_paper_result, online_level::varchar as online_level,
    flag(is_open_to_citizens) as is_open_to_citizens, flag(has_all_parts) as has_all_parts
from procedure order by procedure_code;

create view wire_publication_decisions as
select decision_no, agency_code, wire(decision_date) as decision_date, procedure_code, kind,
    wire(legal_effect_date) as legal_effect_date, wire(published_at) as published_at, phase from decision;

-- A petition that is still being handled when the first file is delivered comes as open, and again when it is done.
create view wire_petitions as
with version as (
    select petition.*, deliveries.phase as delivered_phase, finished_at < deliveries.delivered_at as is_finished
    from petition join (values (1, timestamp '2025-07-01'), (2, timestamp '2025-12-01')) as deliveries(phase, delivered_at)
        on petition.phase = deliveries.phase
        or (petition.phase = 1 and deliveries.phase = 2 and finished_at >= timestamp '2025-07-01')
)
select petition_id, agency_code, wire(received_at) as received_at, wire(transferred_at) as transferred_at, kind,
    if(is_finished, status, 'open') as status, if(is_finished, wire(finished_at), '') as finished_at,
    likes::varchar as likes, dislikes::varchar as dislikes, coalesce(dossier_code, '') as dossier_code,
    delivered_phase as phase
from version
order by delivered_phase, petition_id;

create view wire_national_report_totals as
select agency_code, year::varchar as year, month::varchar as month, received::varchar as received, phase from report_total;

create view wire_unit_catalogue as
select agency_code, name_vi, unit_level, coalesce(parent_agency_code, '') as parent_agency_code,
    coalesce(state_code, '') as state_code, wire(valid_from) as valid_from, wire(valid_to) as valid_to,
    if(valid_from < date '2025-07-01', 1, 2) as phase
from unit order by valid_from, agency_code;
