-- What dbt makes of dossiers and their progress, as one person would write it who wants nothing but the counts of a day:
-- current versions, how they were settled, counts by unit and day. Read: `dossiers`, `progress` (the lake), and what
-- dbt has of procedures, units, petitions and the calendar (`built`). Made: `daily`, `open_daily`.
create temp macro today(code) as case
    when code like '000.%'
        then array_to_string(list_reverse(string_split(regexp_replace(code, '^000[.](00[.])*', ''), '.')), '.')
    else code
end;

-- What is dated after the day of its delivery nobody can have seen.
create temp macro seen(moment, delivered) as case when moment <= delivered + interval 86399 second then moment end;

create temp table step as
select
    dossier_code,
    coalesce(precedence, 1) as precedence,
    max(acted_at) filter (status_code = 1) as at_1, max(acted_at) filter (status_code = 2) as at_2,
    max(acted_at) filter (status_code = 3) as at_3, max(acted_at) filter (status_code = 4) as at_4,
    max(acted_at) filter (status_code = 5) as at_5, max(acted_at) filter (status_code = 6) as at_6,
    max(acted_at) filter (status_code = 7) as at_7, max(acted_at) filter (status_code = 8) as at_8,
    max(acted_at) filter (status_code = 9) as at_9, max(acted_at) filter (status_code = 10) as at_10,
    max(epoch(acted_at)::bigint * 16 + progress_order) as last_order
from progress
inner join built.reference.dossier_statuses using (status_code)
where seen(acted_at, delivery_date) is not null
group by all;

create temp table twice as
select dossier_code from dossiers group by all having count(*) > 1;

create temp table flat as
select
    d.dossier_code, today(split_part(d.dossier_code, '-', 1)) as agency, d.delivery_date, d.procedure_code,
    coalesce(d.channel_code, 1) as channel_code, d.submitted_at, d.received_at, d.due_at, d.status_code,
    d.finished_at, d.returned_at, d.refused_at, today(d.received_place_code) as place,
    coalesce(d.paid_online_code, 0) as paid_online_code,
    coalesce(d.precedence, 1) as precedence, hash(d.batch, d.file_hash, d.record_no) as version_hash,
    greatest(
        seen(d.submitted_at, d.delivery_date), seen(d.received_at, d.delivery_date), seen(d.finished_at, d.delivery_date),
        seen(d.returned_at, d.delivery_date), seen(d.refused_at, d.delivery_date),
        seen(list_max([s.requested_at for s in d.supplements]), d.delivery_date),
        seen(list_max([s.received_at for s in d.supplements]), d.delivery_date)
    ) as own_moment_at,
    [s for s in d.supplements if s.requested_at is not null] as requests,
    [f for f in d.fees if coalesce(f.price, 1) <> 0] as priced,
    len(d.fees) > 0 and len([f for f in d.fees if coalesce(f.price, 1) <> 0]) = 0 as is_free,
    [x for x in d.submitted_documents if not coalesce(x.is_deleted, false)] as documents,
    [x for x in d.results if not coalesce(list_contains([y.document_id for y in d.submitted_documents], x.document_id), false)]
        as own_results,
    coalesce(list_contains(d.database_codes, '7'), false) as has_population_data,
    twice.dossier_code is not null as is_contested
from dossiers as d
left join twice using (dossier_code);

create temp table chosen as
with dated as (
    select
        f.dossier_code, f.version_hash, f.precedence, f.own_moment_at, f.delivery_date,
        coalesce(statuses.progress_order, 0) as progress_order,
        greatest(f.own_moment_at, case f.status_code
            when 1 then at_1 when 2 then at_2 when 3 then at_3 when 4 then at_4 when 5 then at_5 when 6 then at_6
            when 7 then at_7 when 8 then at_8 when 9 then at_9 when 10 then at_10 end) as source_moment_at
    from flat as f
    left join step using (dossier_code)
    left join built.reference.dossier_statuses as statuses on f.status_code = statuses.status_code
    where f.is_contested
)
select dossier_code, version_hash
from dated
qualify row_number() over (
    partition by dossier_code
    order by precedence, source_moment_at desc nulls last, progress_order desc, own_moment_at desc nulls last,
        delivery_date desc
) = 1;

create temp table settled as
with forms as (
    select list(collection_form_code) as cash from built.reference.fee_collection_forms where not is_online
),

known as (
    select
        f.* exclude (submitted_at, finished_at, status_code, paid_online_code),
        s.* exclude (dossier_code, precedence),
        case
            when submitted_at = received_at and at_1 < received_at then at_1 else submitted_at
        end as submitted_at,
        case
            when status_code = 9 and at_9 is null and at_10 is null and last.last_status in (5, 6, 8) then null
            else finished_at
        end as finished_at,
        case
            when status_code = 9 and at_9 is null and at_10 is null and last.last_status in (5, 6, 8)
                then last.last_status
            when status_code not in (3, 7, 8, 9, 10) and last.is_end and last_order >= epoch(own_moment_at)::bigint * 16
                then last.last_status
            else status_code
        end as status_code,
        case
            when paid_online_code in (1, 2) and len(priced) > 0
                and len([p for p in priced if not coalesce(list_contains(cash, p.collection_form_code), false)]) = 0
                then 0
            else paid_online_code
        end as paid_online_code
    from flat as f
    cross join forms
    left join chosen using (dossier_code)
    left join step as s using (dossier_code)
    left join (
        select status_code as last_status, progress_order, is_end from built.reference.dossier_statuses
    ) as last on s.last_order % 16 = last.progress_order
    where not is_contested or chosen.version_hash = f.version_hash
),

due as (
    select
        k.*,
        coalesce(k.received_at, k.submitted_at)::date as filed_date,
        u.unit_code,
        places.unit_code as received_unit_code,
        p.returns_paper_result, p.is_fee_bearing,
        petitioned.dossier_code is not null as is_petitioned,
        case
            when due_at = due_at::date then due_at::date + interval 86399 second
            when due_at is not null then due_at
            when p.limit_unit = 'working_day' and days.is_working_day
                then last_days.calendar_date + (received_at - received_at::date::timestamp)
            when p.limit_unit = 'working_day' then last_days.calendar_date + interval 86399 second
            when p.limit_unit = 'day' then received_at + to_seconds(p.statutory_limit * 86400)
            when p.limit_unit = 'hour' then received_at + to_seconds(p.statutory_limit * 3600)
        end as deadline_at
    from known as k
    left join built.core.dim_procedure as p
        on k.procedure_code = p.procedure_code
        and coalesce(k.received_at, k.submitted_at)::date >= p.valid_from
        and coalesce(k.received_at, k.submitted_at)::date <= coalesce(p.valid_to, date '9999-12-31')
    left join built.core.bridge_agency_to_unit as u on k.agency = u.agency_code
    left join built.core.bridge_agency_to_unit as places on k.place = places.agency_code
    left join (
        select distinct dossier_code from built.core.fct_petition where dossier_code is not null
    ) as petitioned using (dossier_code)
    left join built.marts.dim_calendar as days
        on case when k.due_at is null then k.received_at::date end = days.calendar_date
    left join (from built.marts.dim_calendar where is_working_day) as last_days
        on days.working_day_number + ceil(p.statutory_limit) = last_days.working_day_number
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

-- Steps were seen when they came; of the header, what came with it.
believed as (
    select
        *,
        case
            when seen(stated_end_at, delivery_date) is not null then stated_end_at
            when list_contains([at_3, at_7, at_8, at_9, at_10], stated_end_at) then stated_end_at
        end as ended_at
    from ended
),

stopped as (
    select
        *,
        len([r for r in requests if r.received_at is null]) as open_requests,
        coalesce(
            ended_at,
            case
                when len([r for r in requests if r.received_at is null]) = 1
                    then list_max([r.requested_at for r in requests if r.received_at is null])
            end
        ) as stopped_at
    from believed
),

waited as (
    select
        *,
        -- Overlapping waits count once: each from where the latest end before it lies.
        (
            select coalesce(sum(greatest(0, until - greatest(start, coalesce(before, start)))), 0)
            from (
                select start, until, max(until) over (
                    order by start, until rows between unbounded preceding and 1 preceding
                ) as before
                from (
                    select
                        epoch(greatest(r.requested_at, coalesce(received_at, timestamp '1900-01-01'))) as start,
                        epoch(least(r.received_at, coalesce(stopped_at, timestamp '9999-12-31'))) as until
                    from unnest([r for r in requests if r.received_at > r.requested_at]) as waits(r)
                )
            )
        )::bigint as waited_seconds
    from (from stopped where len(requests) > 0)
    union all by name
    select *, 0::bigint as waited_seconds from stopped where len(requests) = 0 or requests is null
),

compared as (
    select *, stopped_at - to_seconds(waited_seconds) as compared_at from waited
)

select
    unit_code, filed_date, received_at::date as received_date, delivery_date, is_petitioned,
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
    (deadline_at + to_seconds(waited_seconds + 1))::date - 1 as within_until_date,
    case
        when ended_at is not null and received_at is not null
            then greatest(epoch(compared_at)::bigint - epoch(received_at)::bigint, 0)
    end as processing_seconds,
    channel_code = 2
    and (not coalesce(returns_paper_result, false) or len([x for x in own_results if x.has_file and x.result_code is not null]) > 0)
        as is_filed_online,
    coalesce(is_fee_bearing, false) and not is_free as has_obligation,
    coalesce(is_fee_bearing, false) and not is_free and paid_online_code in (1, 2) as is_paid_online,
    len([x for x in own_results if x.has_file and x.result_code is not null]) > 0 as has_electronic_result,
    len([x for x in documents if x.document_id is not null]) > 0 and len([x for x in own_results if x.has_file]) > 0
        as is_digitised,
    len([x for x in documents if x.is_reused]) > 0 as has_reused_document,
    len([x for x in documents if x.is_from_national_store]) > 0 as has_stored_document,
    has_population_data,
    coalesce(received_unit_code <> unit_code, false) as is_cross_boundary
from compared;

create table daily as
select
    unit_code, filed_date as counted_date,
    count(received_date) as dossiers_received,
    count(*) filter (outcome = 'early') as early,
    count(*) filter (outcome = 'on_time') as on_time,
    count(*) filter (outcome = 'within_time') as within_time,
    count(*) filter (outcome = 'no_deadline') as no_deadline,
    count(processing_seconds) as dossiers_ended,
    coalesce(sum(processing_seconds), 0) as processing_seconds,
    count(*) as dossiers_filed,
    count(*) filter (is_filed_online) as filed_online,
    count(*) filter (received_date is not null and has_obligation) as with_obligation,
    count(*) filter (received_date is not null and is_paid_online) as paid_online,
    count(*) filter (received_date is not null and has_electronic_result) as with_electronic_result,
    count(*) filter (received_date is not null and is_digitised) as digitised,
    count(*) filter (received_date is not null and has_reused_document) as with_reused_data,
    count(*) filter (received_date is not null and has_stored_document) as from_personal_store,
    count(*) filter (received_date is not null and has_population_data) as with_population_data,
    count(*) filter (received_date is not null and is_cross_boundary) as cross_boundary,
    count(*) filter (outcome in ('early', 'on_time', 'within_time', 'no_deadline') and not is_petitioned) as satisfied,
    max(delivery_date) as newest_delivery_date
from settled
where unit_code is not null and filed_date is not null
group by all;

create table open_daily as
select
    unit_code, received_date as counted_date, count(*) as within_time,
    count(*) filter (not is_petitioned) as satisfied, within_until_date
from settled
where unit_code is not null and outcome = 'open'
group by unit_code, received_date, within_until_date;
