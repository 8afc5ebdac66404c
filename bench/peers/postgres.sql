-- What `bench/floors/dossiers.sql` does, in the SQL of PostgreSQL 15: current versions, how they were settled, counts by
-- unit and day. Read: tables of the lake and its lists, each with the number of its row in the lake (`version`), and what
-- dbt has of procedures, units, petitions and the calendar. Made: `daily`, `open_daily`.
create function turned(code text) returns text language sql immutable parallel safe as $$
    select string_agg(part, '.' order by place desc)
    from unnest(string_to_array(regexp_replace(code, '^000[.](00[.])*', ''), '.')) with ordinality as t(part, place)
$$;

create unlogged table step as
select
    dossier_code, coalesce(precedence, 1) as precedence,
    max(acted_at) filter (where status_code = 1) as at_1, max(acted_at) filter (where status_code = 2) as at_2,
    max(acted_at) filter (where status_code = 3) as at_3, max(acted_at) filter (where status_code = 4) as at_4,
    max(acted_at) filter (where status_code = 5) as at_5, max(acted_at) filter (where status_code = 6) as at_6,
    max(acted_at) filter (where status_code = 7) as at_7, max(acted_at) filter (where status_code = 8) as at_8,
    max(acted_at) filter (where status_code = 9) as at_9, max(acted_at) filter (where status_code = 10) as at_10,
    max(date_part('epoch', acted_at)::bigint * 16 + progress_order) as last_order
from progress
inner join statuses using (status_code)
where acted_at is not null
group by dossier_code, coalesce(precedence, 1);
analyze step (dossier_code);

create unlogged table asked as
select
    version, max(requested_at) as requested_at, max(received_at) as received_at,
    count(*) filter (where requested_at is not null and received_at is null) as open_requests,
    max(requested_at) filter (where received_at is null) as open_requested_at
from supplements
group by version;
analyze asked;

create unlogged table filed as
select
    version, bool_or(document_id is not null) as has_file, bool_or(is_reused) as is_reused,
    bool_or(is_from_national_store) as is_stored
from submitted_documents
where not coalesce(is_deleted, false)
group by version;
analyze filed;

create unlogged table given as
select version, bool_or(result_code is not null) as is_electronic
from results
where
    has_file
    and not exists (
        select from submitted_documents as d where d.version = results.version and d.document_id = results.document_id
    )
group by version;
analyze given;

create unlogged table paid as
select
    version, count(*) as lines, count(*) filter (where coalesce(price, 1) <> 0) as priced,
    count(*) filter (where coalesce(price, 1) <> 0 and cash.collection_form_code is null) as priced_not_cash
from fees
left join cash using (collection_form_code)
group by version;
analyze paid;

create unlogged table twice as
select dossier_code from dossiers group by dossier_code having count(*) > 1;
analyze twice;

create unlogged table flat as
select
    d.version, d.dossier_code, case when d.code like '000.%' then turned(d.code) else d.code end as agency,
    d.delivery_date, d.procedure_code, coalesce(d.channel_code, 1) as channel_code, d.submitted_at, d.received_at,
    d.due_at, d.status_code, d.finished_at, d.returned_at, d.refused_at,
    case
        when d.received_place_code like '000.%' then turned(d.received_place_code) else d.received_place_code
    end as place,
    coalesce(d.paid_online_code, 0) as paid_online_code, coalesce(d.precedence, 1) as precedence,
    greatest(
        d.submitted_at, d.received_at, d.finished_at, d.returned_at, d.refused_at, asked.requested_at, asked.received_at
    ) as own_moment_at,
    coalesce(asked.open_requests, 0) as open_requests, asked.open_requested_at,
    coalesce(paid.priced, 0) as priced, coalesce(paid.priced_not_cash, 0) as priced_not_cash,
    coalesce(paid.lines > 0 and paid.priced = 0, false) as is_free,
    coalesce(filed.has_file, false) as has_submitted_file, coalesce(filed.is_reused, false) as has_reused_document,
    coalesce(filed.is_stored, false) as has_stored_document,
    given.version is not null as has_result_file, coalesce(given.is_electronic, false) as has_electronic_result,
    population.version is not null as has_population_data,
    twice.dossier_code is not null as is_contested
from (select *, split_part(dossier_code, '-', 1) as code from dossiers) as d
left join asked using (version)
left join paid using (version)
left join filed using (version)
left join given using (version)
left join (select distinct version from database_codes where database_code = '7') as population using (version)
left join twice using (dossier_code);
analyze flat (dossier_code, version, procedure_code, agency, place, is_contested);

create unlogged table chosen as
with dated as (
    select
        f.dossier_code, f.version, f.precedence, f.own_moment_at, f.delivery_date,
        coalesce(statuses.progress_order, 0) as progress_order,
        greatest(f.own_moment_at, case f.status_code
            when 1 then at_1 when 2 then at_2 when 3 then at_3 when 4 then at_4 when 5 then at_5 when 6 then at_6
            when 7 then at_7 when 8 then at_8 when 9 then at_9 when 10 then at_10 end) as source_moment_at
    from flat as f
    left join step using (dossier_code)
    left join statuses on f.status_code = statuses.status_code
    where f.is_contested
)
select distinct on (dossier_code) dossier_code, version
from dated
order by
    dossier_code, precedence, source_moment_at desc nulls last, progress_order desc, own_moment_at desc nulls last,
    delivery_date desc;
analyze chosen;

create unlogged table stopped as
with joined as (
    select
        f.*, s.at_1, s.at_3, s.at_7, s.at_8, s.at_9, s.at_10, s.last_order, last.status_code as last_status, last.is_end,
        f.status_code = 9 and s.at_9 is null and s.at_10 is null and last.status_code in (5, 6, 8) as is_not_finished
    from flat as f
    left join chosen using (dossier_code)
    left join step as s using (dossier_code)
    left join statuses as last on s.last_order % 16 = last.progress_order
    where not f.is_contested or chosen.version = f.version
),

known as (
    select
        version, dossier_code, agency, place, procedure_code, delivery_date, channel_code, received_at, due_at, returned_at,
        refused_at, at_3, at_7, at_8, at_9, at_10, open_requests, open_requested_at, is_free, has_submitted_file,
        has_reused_document, has_stored_document, has_result_file, has_electronic_result, has_population_data,
        case when submitted_at = received_at and at_1 < received_at then at_1 else submitted_at end as submitted_at,
        case when not coalesce(is_not_finished, false) then finished_at end as finished_at,
        case
            when is_not_finished then last_status
            when status_code not in (3, 7, 8, 9, 10) and is_end
                and last_order >= date_part('epoch', own_moment_at)::bigint * 16
                then last_status
            else status_code
        end as status_code,
        case
            when paid_online_code in (1, 2) and priced > 0 and priced_not_cash = 0 then 0 else paid_online_code
        end as paid_online_code
    from joined
),

on_a_day as (
    select
        *, coalesce(received_at, submitted_at)::date as filed_date,
        case when due_at is null then received_at::date end as counted_from
    from known
),

due as (
    select
        k.*, u.unit_code, places.unit_code as received_unit_code, p.returns_paper_result, p.is_fee_bearing,
        petitioned.dossier_code is not null as is_petitioned,
        case
            when k.due_at = k.due_at::date then k.due_at::date + interval '86399 seconds'
            when k.due_at is not null then k.due_at
            when p.limit_unit = 'working_day' and days.is_working_day
                then last_days.calendar_date + (k.received_at - k.received_at::date::timestamp)
            when p.limit_unit = 'working_day' then last_days.calendar_date + interval '86399 seconds'
            when p.limit_unit = 'day' then k.received_at + p.statutory_limit * interval '86400 seconds'
            when p.limit_unit = 'hour' then k.received_at + p.statutory_limit * interval '3600 seconds'
        end as deadline_at
    from on_a_day as k
    left join procedures as p
        on k.procedure_code = p.procedure_code
        and k.filed_date >= p.valid_from
        and k.filed_date <= coalesce(p.valid_to, date '9999-12-31')
    left join units as u on k.agency = u.agency_code
    left join units as places on k.place = places.agency_code
    left join petitioned on k.dossier_code = petitioned.dossier_code
    left join calendar as days on k.counted_from = days.calendar_date
    left join (select * from calendar where is_working_day) as last_days
        on days.working_day_number + ceil(p.statutory_limit)::integer = last_days.working_day_number
),

ended as (
    select
        *,
        case
            when status_code in (9, 10) then coalesce(finished_at, at_9, returned_at, at_10)
            when status_code = 8 then coalesce(at_8, finished_at, refused_at, returned_at)
            when status_code = 3 then coalesce(refused_at, at_3, finished_at, returned_at)
            when status_code = 7 and coalesce(at_7, finished_at) >= received_at then coalesce(at_7, finished_at)
        end as stated_end_at
    from due
),

seen as (
    select
        *, case when stated_end_at <= delivery_date + interval '86399 seconds' then stated_end_at end as ended_at
    from ended
)

select *, coalesce(ended_at, case when open_requests = 1 then open_requested_at end) as stopped_at
from seen;
analyze stopped (version);

-- Overlapping waits count once: each from where the latest end before it lies.
create unlogged table waited as
with waits as (
    select
        s.version, greatest(w.requested_at, s.received_at) as start, least(w.received_at, s.stopped_at) as until
    from supplements as w
    inner join stopped as s using (version)
    where w.received_at > w.requested_at
),

ordered as (
    select
        version, start, until,
        max(until) over (
            partition by version order by start, until rows between unbounded preceding and 1 preceding
        ) as before
    from waits
)

select version, sum(greatest(0, date_part('epoch', until - greatest(start, before))))::bigint as waited_seconds
from ordered
group by version;
analyze waited;

create unlogged table settled as
with timed as (
    select stopped.*, coalesce(waited_seconds, 0) as waited_seconds
    from stopped
    left join waited using (version)
),

compared as (
    select *, stopped_at - waited_seconds * interval '1 second' as compared_at from timed
)

select
    unit_code, filed_date, received_at::date as received_date, delivery_date, is_petitioned, has_electronic_result,
    has_reused_document, has_stored_document, has_population_data,
    case
        when received_at is null then null
        when deadline_at is null then 'no_deadline'
        when ended_at is null and open_requests > 1 then 'overdue'
        when stopped_at is null then 'open'
        when compared_at > deadline_at then 'overdue'
        when ended_at is null then 'within_time'
        when compared_at::date < deadline_at::date then 'early'
        else 'on_time'
    end as outcome,
    (deadline_at + (waited_seconds + 1) * interval '1 second')::date - 1 as within_until_date,
    case
        when ended_at is not null and received_at is not null
            then greatest(date_part('epoch', compared_at)::bigint - date_part('epoch', received_at)::bigint, 0)
    end as processing_seconds,
    channel_code = 2 and (not coalesce(returns_paper_result, false) or has_electronic_result) as is_filed_online,
    coalesce(is_fee_bearing, false) and not is_free as has_obligation,
    coalesce(is_fee_bearing, false) and not is_free and paid_online_code in (1, 2) as is_paid_online,
    has_submitted_file and has_result_file as is_digitised,
    coalesce(received_unit_code <> unit_code, false) as is_cross_boundary
from compared;

create unlogged table daily as
select
    unit_code, filed_date as counted_date,
    count(received_date) as dossiers_received,
    count(*) filter (where outcome = 'early') as early,
    count(*) filter (where outcome = 'on_time') as on_time,
    count(*) filter (where outcome = 'within_time') as within_time,
    count(*) filter (where outcome = 'no_deadline') as no_deadline,
    count(processing_seconds) as dossiers_ended,
    coalesce(sum(processing_seconds), 0) as processing_seconds,
    count(*) as dossiers_filed,
    count(*) filter (where is_filed_online) as filed_online,
    count(*) filter (where received_date is not null and has_obligation) as with_obligation,
    count(*) filter (where received_date is not null and is_paid_online) as paid_online,
    count(*) filter (where received_date is not null and has_electronic_result) as with_electronic_result,
    count(*) filter (where received_date is not null and is_digitised) as digitised,
    count(*) filter (where received_date is not null and has_reused_document) as with_reused_data,
    count(*) filter (where received_date is not null and has_stored_document) as from_personal_store,
    count(*) filter (where received_date is not null and has_population_data) as with_population_data,
    count(*) filter (where received_date is not null and is_cross_boundary) as cross_boundary,
    count(*) filter (
        where outcome in ('early', 'on_time', 'within_time', 'no_deadline') and not is_petitioned
    ) as satisfied,
    max(delivery_date) as newest_delivery_date
from settled
where unit_code is not null and filed_date is not null
group by unit_code, filed_date;

create unlogged table open_daily as
select
    unit_code, received_date as counted_date, count(*) as within_time,
    count(*) filter (where not is_petitioned) as satisfied, within_until_date
from settled
where unit_code is not null and outcome = 'open'
group by unit_code, received_date, within_until_date;
