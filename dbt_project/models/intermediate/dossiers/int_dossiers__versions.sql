-- Grain: one row per version of a dossier, flat: nested lists are read here and never again.
with dossiers as (
    select * from {{ ref('stg_exchange__dossiers') }}
),

progress as (
    select * from {{ ref('int_dossiers__progress') }}
),

statuses as (
    select * from {{ ref('dossier_statuses') }}
),

-- Progress names no version. A version shares the step at which the dossier (last) entered the state it states,
-- whenever that step was delivered, so that the choice does not depend on deliveries.
dated as (
    select
        dossiers.*,
        {% for status in [1, 3, 7, 8, 9, 10] -%}
            progress.status_{{ status }}_at,
        {% endfor -%}
        progress.last_step_order,
        coalesce(statuses.progress_order, 0) as progress_order,
        {{ latest_of([
            'dossiers.own_moment_at',
            'case dossiers.status_code'
            ~ ' when 1 then progress.status_1_at when 2 then progress.status_2_at when 3 then progress.status_3_at'
            ~ ' when 4 then progress.status_4_at when 5 then progress.status_5_at when 6 then progress.status_6_at'
            ~ ' when 7 then progress.status_7_at when 8 then progress.status_8_at when 9 then progress.status_9_at'
            ~ ' when 10 then progress.status_10_at end',
        ]) }} as source_moment_at
    from dossiers
    left join progress
        on dossiers.dossier_code = progress.dossier_code
    left join statuses
        on dossiers.status_code = statuses.status_code
),

final as (
    select
        *,
        {{ version_order('source_moment_at', 'progress_order', 'own_moment_at', 'delivery_date', 'content_id') }}
            as version_order
    from dated
)

select * from final
