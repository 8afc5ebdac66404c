-- Grain: one row per dossier with progress: when it last entered each state.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='dossier_code',
) }}
with progress as (
    select * from {{ ref('stg_exchange__progress') }}
    where
        {% if is_incremental() %}{{ new_batches_only('progress') }}
        {% else %}{{ available_batches_only('progress') }}{% endif %}
),

statuses as (
    select * from {{ ref('dossier_statuses') }}
),

-- Moment and state as one whole number: of steps at the same second the further one is the last. A row of both says the
-- same and takes twice as long (of 3 million steps 1.9 s, this 0.9 s; 2026-11-27).
steps as (
    select
        progress.dossier_code,
        progress.precedence,
        {% for status in range(1, 11) -%}
            case when progress.status_code = {{ status }} then progress.acted_at end as status_{{ status }}_at,
        {% endfor -%}
        {{ seconds_of('progress.acted_at') }} * 16 + statuses.progress_order as step_order
    from progress
    inner join statuses
        on progress.status_code = statuses.status_code
),

-- Of each sender by its precedence; for most dossiers there is one.
of_senders as (
    select
        dossier_code,
        precedence,
        {% for status in range(1, 11) -%}
            max(status_{{ status }}_at) as status_{{ status }}_at,
        {% endfor -%}
        max(step_order) as last_step_order
    from steps
    group by dossier_code, precedence
),

contested as (
    select
        dossier_code,
        min(precedence) as precedence
    from of_senders
    group by dossier_code
    having count(*) > 1
),

final as (
    select of_senders.*
    from of_senders
    left join contested
        on of_senders.dossier_code = contested.dossier_code
    where contested.dossier_code is null or of_senders.precedence = contested.precedence
)

{% if is_incremental() -%}
{%- set columns = ['last_step_order'] -%}
{%- for status in range(1, 11) -%}
    {%- do columns.append('status_' ~ status ~ '_at') -%}
{%- endfor -%}
-- What was known of these dossiers still holds, unless the new steps are later, or are of a sender that the agreement puts
-- first (docs/adr/0033).
select
    final.dossier_code,
    least(final.precedence, known.precedence) as precedence,
    {% for column in columns[1:] + columns[:1] -%}
        case
            when known.precedence < final.precedence then known.{{ column }}
            when known.precedence = final.precedence then {{ greatest_non_null(['final.' ~ column, 'known.' ~ column]) }}
            else final.{{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
from final
left join {{ this }} as known
    on final.dossier_code = known.dossier_code
{%- else -%}
    select * from final
{%- endif %}
