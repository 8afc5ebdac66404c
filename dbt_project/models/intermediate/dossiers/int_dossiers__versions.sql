-- Grain: one row per version of a dossier, flat: nested lists are read here and never again.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    post_hook="{{ remember_batches(['dossiers']) }}",
) }}
select * from {{ ref('stg_exchange__dossiers') }}
where {{ is_unread('dossiers') }}
