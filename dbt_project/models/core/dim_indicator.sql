-- Grain: one row per regime and metric.
with indicators as (
    select * from {{ ref('indicators') }}
),

regimes as (
    select * from {{ ref('regimes') }}
),

scoring_rules as (
    select * from {{ ref('scoring_rules') }}
),

final as (
    select
        regimes.regime,
        indicators.metric_code,
        indicators.group_code,
        indicators.name_vi,
        indicators.name_en,
        -- Metrics that are only reported carry no points in any regime.
        coalesce(scoring_rules.max_score, 0) as max_score,
        scoring_rules.full_mark_ratio,
        scoring_rules.zero_denominator_score,
        scoring_rules.evidence,
        coalesce(scoring_rules.valid_from, regimes.valid_from) as valid_from,
        coalesce(scoring_rules.valid_to, regimes.valid_to) as valid_to,
        indicators.is_scored,
        indicators.is_measured_below_province,
        indicators.counted_unit
    from indicators
    cross join regimes
    left join scoring_rules
        on
            indicators.metric_code = scoring_rules.metric_code
            and regimes.regime = scoring_rules.regime
)

select * from final
