-- Grain: one row per dossier with progress: when it last entered each state.
with progress as (
    select * from {{ ref('stg_exchange__progress') }}
),

statuses as (
    select * from {{ ref('dossier_statuses') }}
),

-- Moment and state as one whole number: of steps at the same second the further one is the last.
steps as (
    select
        progress.dossier_code,
        progress.status_code,
        progress.acted_at,
        {{ seconds_of('progress.acted_at') }} * 16 + statuses.progress_order as step_order
    from progress
    inner join statuses
        on progress.status_code = statuses.status_code
),

final as (
    select
        dossier_code,
        {% for status in range(1, 11) -%}
            max(case when status_code = {{ status }} then acted_at end) as status_{{ status }}_at,
        {% endfor -%}
        max(step_order) as last_step_order
    from steps
    group by dossier_code
)

select * from final
