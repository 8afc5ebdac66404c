-- Grain: one row per dossier: how it was settled, and what counts it.
-- depends_on: {{ ref('core_dossiers__changed') }}, {{ ref('core_dossiers__lookups') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='dossier_code',
    post_hook="{{ use_lookups() }}",
) }}
with
{% if is_incremental() -%}
changed as (
    select distinct dossier_code from {{ ref('core_dossiers__changed') }}
),
{%- endif %}

-- Only where nothing says when it is due, its days are counted. Joins compare one column with one, or each row of
-- one side would meet each of the other.
dossiers as (
    select
        dossiers.*,
        cast(dossiers.received_at as date) as received_date,
        cast(coalesce(dossiers.received_at, dossiers.submitted_at) as date) as filed_date,
        case when dossiers.due_at is null then cast(dossiers.received_at as date) end as counted_from_date
    from {{ ref('core_dossiers__latest') }} as dossiers
    {% if is_incremental() -%}
        where dossiers.dossier_code in (select changed.dossier_code from changed)
    {%- endif %}
),

procedures as (
    select * from {{ ref('dim_procedure') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

working_days as (
    select * from {{ ref('dim_calendar') }}
    where is_working_day
),

units as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

petitioned as (
    select distinct dossier_code
    from {{ ref('fct_petition') }}
    where dossier_code is not null
),

-- A due moment at midnight is a date sent without a time: the whole day is left. Without any due moment the
-- statutory limit counts from receipt: working days by the calendar's running number, days and hours as they are.
-- From a day that is not worked, counting starts with the next one, and its last day is left whole.
deadlines as (
    select
        dossiers.*,
        procedures.returns_paper_result,
        procedures.is_fee_bearing,
        procedures.procedure_code is not null as is_known_procedure,
        units.unit_code,
        places.unit_code as received_unit_code,
        petitioned.dossier_code is not null as is_petitioned,
        case
            when dossiers.due_at = cast(cast(dossiers.due_at as date) as timestamp)
                then {{ end_of_day('cast(dossiers.due_at as date)') }}
            when dossiers.due_at is not null then dossiers.due_at
            when procedures.limit_unit = 'working_day' and received_days.is_working_day
                then
                    {{ seconds_after(
                        'cast(last_days.calendar_date as timestamp)',
                        seconds_of('dossiers.received_at') ~ ' - '
                        ~ seconds_of('cast(cast(dossiers.received_at as date) as timestamp)')
                    ) }}
            when procedures.limit_unit = 'working_day' then {{ end_of_day('last_days.calendar_date') }}
            when procedures.limit_unit = 'day'
                then {{ seconds_after('dossiers.received_at', 'procedures.statutory_limit * 86400') }}
            when procedures.limit_unit = 'hour'
                then {{ seconds_after('dossiers.received_at', 'procedures.statutory_limit * 3600') }}
        end as deadline_at
    from dossiers
    -- As the catalogue was on that day: one that comes later changes no month that is over (docs/adr/0042).
    left join procedures
        on
            dossiers.procedure_code = procedures.procedure_code
            and {{ valid_on('procedures', 'dossiers.filed_date') }}
    left join units
        on dossiers.agency_code = units.agency_code
    left join units as places
        on dossiers.received_place_code = places.agency_code
    left join petitioned
        on dossiers.dossier_code = petitioned.dossier_code
    left join calendar as received_days
        on dossiers.counted_from_date = received_days.calendar_date
    left join working_days as last_days
        on received_days.working_day_number + ceil(procedures.statutory_limit) = last_days.working_day_number
),

-- What the header says, and what of it somebody can have seen. Steps came in deliveries of their own, maybe later.
seen as (
    select
        *,
        {% for moment in ['finished_at', 'returned_at', 'refused_at'] -%}
            {{ seen_at(moment, 'delivery_date') }} as seen_{{ moment }},
        {% endfor -%}
        -- Such a state leaves nothing to do, even where no moment says when.
        coalesce(status_code in (3, 7, 8, 9, 10), false) or coalesce(ends_after_delivery = 1, false) as is_end_stated
    from deadlines
),

-- When it ended: finished, else returned, else stopped or refused, else withdrawn after receipt. A state without
-- any moment has not ended: nothing says when.
ended as (
    select
        *,
        {% for end, seen in {'stated_end_at': '', 'seen_end_at': 'seen_'}.items() -%}
            case
                when status_code in (9, 10)
                    then coalesce({{ seen }}finished_at, status_9_at, {{ seen }}returned_at, status_10_at)
                when status_code = 8
                    then coalesce(status_8_at, {{ seen }}finished_at, {{ seen }}refused_at, {{ seen }}returned_at)
                when status_code = 3
                    then coalesce({{ seen }}refused_at, status_3_at, {{ seen }}finished_at, {{ seen }}returned_at)
                when status_code = 7 and coalesce(status_7_at, {{ seen }}finished_at) >= received_at
                    then coalesce(status_7_at, {{ seen }}finished_at)
            end as {{ end }},
        {% endfor -%}
        -- A result that was handed over, of a dossier of which something else says when it was finished.
        case
            when status_code in (9, 10) and coalesce(finished_at, status_9_at) is not null
                then coalesce(seen_returned_at, status_10_at)
        end as handed_over_at
    from seen
),

-- An end after its own delivery (2099) was never seen by anybody: it ends no dossier, and nothing takes its place.
plausible as (
    select
        *,
        case when seen_end_at = stated_end_at then seen_end_at end as ended_at,
        coalesce(stated_end_at <> seen_end_at, stated_end_at is not null)
        or coalesce(stated_end_at is null and ends_after_delivery = 1, false) as is_end_after_delivery
    from ended
),

-- One open request stops the clock at its moment. Waiting is counted between receipt and end.
stopped as (
    select
        *,
        coalesce(ended_at, case when open_requests = 1 then open_requested_at end) as stopped_at
    from plausible
),

timed as (
    select
        *,
        cast(
            {{ seconds_covered(
                'completed_requests',
                "coalesce(received_at, cast('1900-01-01' as timestamp))",
                "coalesce(stopped_at, cast('9999-12-31' as timestamp))"
            ) }}
            as bigint
        ) as waited_seconds
    from stopped
),

compared as (
    select
        *,
        {{ seconds_after('stopped_at', '-waited_seconds') }} as compared_at,
        -- An open dossier is within time at the end of day X while X 23:59:59 <= deadline + waiting.
        {{ day_before(
            'cast(' ~ seconds_after('deadline_at', 'waited_seconds + 1') ~ ' as date)'
        ) }} as within_until_date
    from timed
),

settled as (
    select
        *,
        case
            when received_at is null then null
            when deadline_at is null then 'no_deadline'
            when ended_at is null and open_requests > 1 then 'overdue'
            when stopped_at is null then 'open'
            when compared_at > deadline_at then 'overdue'
            when ended_at is null then 'within_time'
            when cast(compared_at as date) < cast(deadline_at as date) then 'early'
            else 'on_time'
        end as outcome
    from compared
),

final as (
    select
        dossier_code,
        agency_code,
        sender,
        unit_code,
        procedure_code,
        delivery_date,
        received_date,
        filed_date,
        outcome,
        case when outcome = 'open' then within_until_date end as within_until_date,
        case
            when ended_at is not null and received_at is not null
                then greatest({{ seconds_of('compared_at') }} - {{ seconds_of('received_at') }}, 0)
        end as processing_seconds,
        cast(ended_at as date) as ended_date,
        -- The steps beside it, where both of their moments are there and in order: a copied submission says nothing.
        case
            when submitted_at <= received_at and not (submitted_at = received_at and channel_code = 2)
                then {{ seconds_of('received_at') }} - {{ seconds_of('submitted_at') }}
        end as filing_seconds,
        case when waited_seconds > 0 then waited_seconds end as waiting_seconds,
        case
            when handed_over_at >= ended_at then {{ seconds_of('handed_over_at') }} - {{ seconds_of('ended_at') }}
        end as returning_seconds,
        -- What is left to do, and since when its clock stands still.
        received_at is not null and ended_at is null and not is_end_stated as is_open,
        received_at is not null and ended_at is null and is_end_stated as is_ended_unknown_when,
        received_at is not null and ended_at is null and not is_end_stated and open_requests > 0
            as is_waiting_for_applicant,
        case when ended_at is null then cast(stopped_at as date) end as stopped_date,
        cast({{ seconds_after('deadline_at', 'waited_seconds') }} as date) as due_date,
        channel_code = 2 and (not coalesce(returns_paper_result, false) or has_electronic_result) as is_filed_online,
        coalesce(is_fee_bearing, false) and not is_free_of_charge as has_obligation,
        coalesce(is_fee_bearing, false) and not is_free_of_charge and paid_online_code in (1, 2) as is_paid_online,
        has_electronic_result,
        has_submitted_file and has_result_file as is_digitised,
        has_reused_document,
        has_stored_document,
        has_population_data,
        coalesce(received_unit_code <> unit_code, false) as is_cross_boundary,
        is_petitioned,
        -- What the source gets wrong.
        is_not_finished,
        is_behind_progress,
        is_submission_copied,
        is_cash_marked_online,
        has_copied_result,
        coalesce(submitted_at = received_at and channel_code = 2, false) as is_submission_equal,
        received_at is not null and deadline_at is null as is_without_deadline,
        coalesce(stated_end_at is null and status_code in (3, 8, 9, 10), false) and not is_end_after_delivery
            as is_end_without_moment,
        is_end_after_delivery,
        coalesce(ended_at < received_at, false) as is_end_before_receipt,
        coalesce(due_at < received_at, false) as is_due_before_receipt,
        not is_known_procedure as is_unknown_procedure,
        is_vneid_verified,
        only_database_code
    from settled
)

select * from final
