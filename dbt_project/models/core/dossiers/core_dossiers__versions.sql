-- Grain: one row per version of a dossier, flat: nested lists are read here and never again.
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='batch',
) }}
select * from {{ ref('stg_exchange__dossiers') }}
where
    {% if is_incremental() %}{{ new_batches_only('dossiers') }}
    {% else %}{{ available_batches_only('dossiers') }}{% endif %}
