-- Grain: one row per period key and unit.
with ranked as (
    select * from {{ ref('index_ranked') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

scores as (
    select * from {{ ref('mart_indicator_scores') }}
),

measures as (
    select * from {{ ref('int_records__measures') }}
),

-- One column a figure; a metric that the basis does not give stays null.
figures as (
    select
        {{ period_keys() }},
        unit_code,
        max(case when metric_code = 'ON_TIME_SETTLEMENT' then denominator end) as dossiers_received,
        max(case when metric_code = 'DOSSIERS_FILED_ONLINE' then ratio end) as online_ratio,
        max(case when metric_code = 'DOSSIER_PAID_ONLINE' then ratio end) as paid_online_ratio,
        max(case when metric_code = 'ON_TIME_SETTLEMENT' then denominator - numerator end) as overdue,
        max(case when metric_code = 'ON_TIME_SETTLEMENT' then ratio end) as timely_ratio
    from scores
    group by {{ period_keys() }}, unit_code
),

final as (
    select
        {{ period_keys('ranked') }},
        ranked.unit_code,
        ranked.unit_level,
        units.name_vi,
        coalesce(measures.dossiers_received, figures.dossiers_received) as dossiers_received,
        -- The indicator of filing is lowered by the share of dossiers synchronised; the figure of a report is not.
        coalesce(cast(measures.filed_online as double) / nullif(measures.dossiers_filed, 0), figures.online_ratio)
            as online_ratio,
        figures.paid_online_ratio,
        -- The portal publishes the sum of these three, not each.
        measures.early,
        measures.on_time,
        measures.within_time,
        figures.overdue,
        figures.timely_ratio,
        ranked.total_score,
        cast(ranked.rank as integer) as rank,
        measures.no_deadline,
        units.unit_type,
        periods.period_id,
        periods.contains_synthetic,
        case ranked.basis when 'portal' then 'the portal does not publish it' end as uncounted_reason
    from ranked
    inner join units
        on
            ranked.unit_code = units.unit_code
            and {{ unit_on('units', 'ranked.as_of') }}
    left join figures
        on
            {{ same_period('ranked', 'figures') }}
            and ranked.unit_code = figures.unit_code
    left join measures
        on
            {{ same_period('ranked', 'measures') }}
            and ranked.unit_code = measures.unit_code
    left join periods
        on
            {{ same_period('ranked', 'periods') }}
)

select * from final
