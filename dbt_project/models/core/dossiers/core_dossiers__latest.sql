-- Grain: one row per dossier: its current version, with the exporter's known defects repaired.
-- depends_on: {{ ref('core_dossiers__changed') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='dossier_code',
) }}
with
{% if is_incremental() -%}
changed as (
    select distinct dossier_code from {{ ref('core_dossiers__changed') }}
),
{%- endif %}

versions as (
    select * from {{ ref('core_dossiers__versions') }}
    {% if is_incremental() -%}
        where dossier_code in (select changed.dossier_code from changed)
    {%- endif %}
),

progress as (
    select * from {{ ref('core_dossiers__progress') }}
    {% if is_incremental() -%}
        where dossier_code in (select changed.dossier_code from changed)
    {%- endif %}
),

statuses as (
    select * from {{ ref('dossier_statuses') }}
),

fee_collection_forms as (
    select * from {{ ref('fee_collection_forms') }}
),

-- Most dossiers came once: nothing is to be compared. Of several senders the one that the agreement puts first is heard
-- (docs/adr/0033).
contested as (
    select
        dossier_code,
        min(precedence) as precedence
    from versions
    group by dossier_code
    having count(*) > 1
),

-- Progress names no version. A version shares the step at which the dossier (last) entered the state it states,
-- whenever that step was delivered, so that the choice does not depend on deliveries.
dated as (
    select
        versions.dossier_code,
        versions.version_id,
        versions.own_moment_at,
        versions.delivery_date,
        versions.content_id,
        coalesce(statuses.progress_order, 0) as progress_order,
        {{ greatest_non_null([
            'versions.own_moment_at',
            'case versions.status_code'
            ~ ' when 1 then progress.status_1_at when 2 then progress.status_2_at when 3 then progress.status_3_at'
            ~ ' when 4 then progress.status_4_at when 5 then progress.status_5_at when 6 then progress.status_6_at'
            ~ ' when 7 then progress.status_7_at when 8 then progress.status_8_at when 9 then progress.status_9_at'
            ~ ' when 10 then progress.status_10_at end',
        ]) }} as source_moment_at
    from versions
    inner join contested
        on versions.dossier_code = contested.dossier_code and versions.precedence = contested.precedence
    left join progress
        on versions.dossier_code = progress.dossier_code
    left join statuses
        on versions.status_code = statuses.status_code
),

current_version as (
    select
        dossier_code,
        max_by(
            version_id,
            {{ version_order('source_moment_at', 'progress_order', 'own_moment_at', 'delivery_date', 'content_id') }}
        ) as version_id
    from dated
    group by dossier_code
),

forms as (
    select {{ array_agg_distinct('collection_form_code') }} as cash_forms
    from fee_collection_forms
    where not is_online
),

latest as (
    select
        versions.*,
        progress.status_1_at,
        progress.status_3_at,
        progress.status_7_at,
        progress.status_8_at,
        progress.status_9_at,
        progress.status_10_at,
        progress.last_step_order,
        progress.ends_after_delivery,
        last_steps.status_code as last_step_status_code,
        last_steps.is_end as last_step_is_end,
        {{ seconds_of('versions.own_moment_at') }} * 16 as own_order,
        forms.cash_forms
    from versions
    left join current_version
        on versions.dossier_code = current_version.dossier_code
    left join progress
        on versions.dossier_code = progress.dossier_code
    left join statuses as last_steps
        on progress.last_step_order % 16 = last_steps.progress_order
    cross join forms
    where current_version.version_id is null or versions.version_id = current_version.version_id
),

-- Exported as finished, though the last step says supplement, payment or stopped and no step says finished.
-- And the other way round: progress has ended the dossier after all that the version knows.
judged as (
    select
        *,
        coalesce(
            status_code = 9 and status_9_at is null and status_10_at is null and last_step_status_code in (5, 6, 8)
            and ends_after_delivery = 0,
            false
        ) as is_not_finished,
        coalesce(
            status_code not in (3, 7, 8, 9, 10) and last_step_is_end and last_step_order >= own_order, false
        ) as is_behind_progress,
        coalesce(submitted_at = received_at and status_1_at < received_at, false) as is_submission_copied,
        coalesce(
            paid_online_code in (1, 2) and {{ array_length('collection_form_codes') }} > 0
            and not {{ array_any('collection_form_codes', 'not ' ~ array_contains('cash_forms', 'item')) }},
            false
        ) as is_cash_marked_online
    from latest
),

final as (
    select
        dossier_code,
        agency_code,
        sender,
        procedure_code,
        delivery_date,
        channel_code,
        case when is_submission_copied then status_1_at else submitted_at end as submitted_at,
        received_at,
        due_at,
        case when is_not_finished or is_behind_progress then last_step_status_code else status_code end as status_code,
        case when not is_not_finished then finished_at end as finished_at,
        returned_at,
        refused_at,
        status_3_at,
        status_7_at,
        status_8_at,
        status_9_at,
        status_10_at,
        ends_after_delivery,
        received_place_code,
        is_vneid_verified,
        case when is_cash_marked_online then 0 else coalesce(paid_online_code, 0) end as paid_online_code,
        open_requests,
        open_requested_at,
        completed_requests,
        has_submitted_file,
        has_reused_document,
        has_stored_document,
        has_result_file,
        has_electronic_result,
        is_free_of_charge,
        has_population_data,
        only_database_code,
        is_not_finished,
        is_behind_progress,
        is_submission_copied,
        is_cash_marked_online,
        has_copied_result
    from judged
)

select * from final
