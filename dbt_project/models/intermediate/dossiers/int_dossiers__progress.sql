-- Grain: one row per dossier with progress: when it last entered each state.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='dossier_code',
    post_hook="{{ record_inputs() }}",
) }}
with progress as (
    select * from {{ ref('stg_exchange__progress') }}
    where {% if is_incremental() %}{{ is_unread('progress') }}{% else %}{{ is_available('progress') }}{% endif %}
),

statuses as (
    select * from {{ ref('dossier_statuses') }}
),

-- Moment and state as one whole number: of steps at the same second the further one is the last.
steps as (
    select
        progress.dossier_code,
        {% for status in range(1, 11) -%}
            case when progress.status_code = {{ status }} then progress.acted_at end as status_{{ status }}_at,
        {% endfor -%}
        {{ seconds_of('progress.acted_at') }} * 16 + statuses.progress_order as step_order
    from progress
    inner join statuses
        on progress.status_code = statuses.status_code
),

final as (
    select
        dossier_code,
        {% for status in range(1, 11) -%}
            max(status_{{ status }}_at) as status_{{ status }}_at,
        {% endfor -%}
        max(step_order) as last_step_order
    from steps
    group by dossier_code
)

{% if is_incremental() -%}
-- What was known of these dossiers still holds, unless the new steps are later.
select
    final.dossier_code,
    {% for status in range(1, 11) -%}
        {{ latest_of(['final.status_' ~ status ~ '_at', 'known.status_' ~ status ~ '_at']) }} as status_{{ status }}_at,
    {% endfor -%}
    {{ latest_of(['final.last_step_order', 'known.last_step_order']) }} as last_step_order
from final
left join {{ this }} as known
    on final.dossier_code = known.dossier_code
{%- else -%}
    select * from final
{%- endif %}
