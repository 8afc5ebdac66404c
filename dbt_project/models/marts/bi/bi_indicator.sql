-- Grain: one row per period key, unit and metric.
{{ config(materialized='view') }}
with scores as (
    select * from {{ served('mart_indicator_scores') }}
),

periods as (
    select * from {{ served('dim_period') }}
),

units as (
    select * from {{ served('dim_unit') }}
),

indicators as (
    select * from {{ served('dim_indicator') }}
),

groups as (
    select * from {{ served('dim_group') }}
),

final as (
    select
        scores.period_id,
        scores.basis,
        scores.regime,
        scores.period_type,
        scores.period_start,
        scores.period_end,
        scores.as_of,
        periods.label_vi as period_vi,
        periods.label_en as period_en,
        periods.is_latest,
        scores.unit_code,
        scores.unit_level,
        units.label_vi as unit_vi,
        units.search_name,
        units.unit_type,
        units.province_code,
        provinces.name_vi as province_vi,
        units.region_vi,
        units.region_en,
        scores.group_code,
        groups.name_vi as group_vi,
        groups.name_en as group_en,
        scores.metric_code,
        indicators.name_vi as metric_vi,
        indicators.name_en as metric_en,
        indicators.counted_unit,
        scores.numerator,
        scores.denominator,
        scores.ratio,
        scores.average_days,
        scores.shown_score as score,
        scores.max_score,
        case
            when scores.max_score > 0 and scores.score_reason is null
                then cast(scores.max_score - coalesce(scores.shown_score, 0) as decimal(6, 2))
        end as points_lost,
        scores.rank,
        scores.peers,
        case
            when scores.score is not null then null
            when scores.score_reason is not null then scores.score_reason
            when scores.max_score = 0 then 'reported only: carries no points'
            when scores.denominator = 0 then 'nothing was counted, which earns nothing'
            else 'the source gives neither counts nor a ratio'
        end as score_reason,
        scores.denominator_status,
        scores.contains_synthetic
    from scores
    inner join periods
        on scores.period_id = periods.period_id
    inner join units
        on
            scores.unit_code = units.unit_code
            and {{ unit_on('units', 'scores.as_of') }}
    inner join indicators
        on
            scores.regime = indicators.regime
            and scores.metric_code = indicators.metric_code
    inner join groups
        on
            scores.regime = groups.regime
            and scores.group_code = groups.group_code
    left join units as provinces
        on
            units.province_code = provinces.unit_code
            and {{ unit_on('provinces', 'scores.as_of') }}
)

select * from final
