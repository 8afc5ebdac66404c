-- Grain: one row per unit and day: counts of what was received, all of which add up over days and units.
with outcomes as (
    select * from {{ ref('fct_dossier') }}
    where unit_code is not null and filed_date is not null
),

received as (
    select
        unit_code,
        filed_date as counted_date,
        count(received_date) as dossiers_received,
        count(case when outcome = 'early' then 1 end) as early,
        count(case when outcome = 'on_time' then 1 end) as on_time,
        count(case when outcome = 'within_time' then 1 end) as within_time,
        count(case when outcome = 'no_deadline' then 1 end) as no_deadline,
        count(processing_seconds) as dossiers_ended,
        coalesce(sum(processing_seconds), 0) as processing_seconds,
        -- Filing online alone counts dossiers that were filed and not received.
        count(*) as dossiers_filed,
        count(case when is_filed_online then 1 end) as filed_online,
        count(case when received_date is not null and has_obligation then 1 end) as with_obligation,
        count(case when received_date is not null and is_paid_online then 1 end) as paid_online,
        count(case when received_date is not null and has_electronic_result then 1 end) as with_electronic_result,
        count(case when received_date is not null and is_digitised then 1 end) as digitised,
        count(case when received_date is not null and has_reused_document then 1 end) as with_reused_data,
        count(case when received_date is not null and has_stored_document then 1 end) as from_personal_store,
        count(case when received_date is not null and has_population_data then 1 end) as with_population_data,
        count(case when received_date is not null and is_cross_boundary then 1 end) as cross_boundary,
        count(
            case when outcome in ('early', 'on_time', 'within_time', 'no_deadline') and not is_petitioned then 1 end
        ) as satisfied,
        max(delivery_date) as newest_delivery_date
    from outcomes
    group by unit_code, filed_date
),

final as (
    select * from received
)

select * from final
