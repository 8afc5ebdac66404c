-- Grain: one row per payload, row of it and metric.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
),

statuses as (
    select * from {{ ref('data_quality_statuses') }}
),

-- Most metrics come as a list; settlement, payment and online services come as named counts.
listed as (
    select
        unit_results.file_hash,
        unit_results.record_no,
        item.metric_code,
        item.numerator,
        item.denominator,
        item.ratio / 100 as published_ratio,
        item.score as official_score,
        item.data_quality_status
    from {{ unnest_structs('unit_results', 'metrics') }}
),

settled as (
    select
        file_hash,
        record_no,
        'ON_TIME_SETTLEMENT' as metric_code,
        settlement.total_on_time as numerator,
        settlement.total_received as denominator,
        settlement.ratio / 100 as published_ratio,
        settlement.score as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where settlement is not null
),

-- An average has no counts here: the portal publishes the days alone.
processing_days as (
    select
        file_hash,
        record_no,
        'AVG_PROCESSING_DAYS' as metric_code,
        cast(null as bigint) as numerator,
        cast(null as bigint) as denominator,
        settlement.avg_processing_days as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where settlement is not null
),

dossiers_paid as (
    select
        file_hash,
        record_no,
        'DOSSIER_PAID_ONLINE' as metric_code,
        payment.paid_online_dossiers as numerator,
        payment.financial_obligation_dossiers as denominator,
        cast(null as double) as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where payment.financial_obligation_dossiers is not null
),

formalities_paid as (
    select
        file_hash,
        record_no,
        'FORMALITY_PAID_ONLINE' as metric_code,
        payment.paid_online_formalities as numerator,
        payment.fee_formalities as denominator,
        cast(null as double) as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where payment.fee_formalities is not null
),

fee_data_integrated as (
    select
        file_hash,
        record_no,
        'FEE_FORMALITY_INTEGRATED' as metric_code,
        fee_data_formalities as numerator,
        payment.fee_formalities as denominator,
        cast(null as double) as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where fee_data_formalities is not null
),

offered_online as (
    select
        file_hash,
        record_no,
        'PROCEDURES_OFFERED_ONLINE' as metric_code,
        online.partial_formalities + online.full_formalities as numerator,
        online.authority_formalities as denominator,
        cast(null as double) as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where online.authority_formalities is not null
),

services_used as (
    select
        file_hash,
        record_no,
        'ONLINE_SERVICES_WITH_DOSSIERS' as metric_code,
        online.online_services_with_dossiers as numerator,
        online.online_services as denominator,
        cast(null as double) as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where online.online_services is not null
),

filed_online as (
    select
        file_hash,
        record_no,
        'DOSSIERS_FILED_ONLINE' as metric_code,
        online.filed_online as numerator,
        online.filed as denominator,
        cast(null as double) as published_ratio,
        cast(null as double) as official_score,
        cast(null as string) as data_quality_status
    from unit_results
    where online.filed is not null
),

together as (
    select * from listed
    union all
    select * from settled
    union all
    select * from processing_days
    union all
    select * from dossiers_paid
    union all
    select * from formalities_paid
    union all
    select * from fee_data_integrated
    union all
    select * from offered_online
    union all
    select * from services_used
    union all
    select * from filed_online
),

-- A status that nobody has seen yet says at least that the portal has a reservation.
final as (
    select
        together.file_hash,
        together.record_no,
        together.metric_code,
        together.numerator,
        together.denominator,
        together.published_ratio,
        together.official_score,
        case
            when together.data_quality_status is not null
                then coalesce(statuses.denominator_status, 'unknown_status')
        end as denominator_status
    from together
    left join statuses
        on together.data_quality_status = statuses.data_quality_status
)

select * from final
