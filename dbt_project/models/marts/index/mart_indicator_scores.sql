-- Grain: one row per period key, unit and metric.
with indicators as (
    select * from {{ ref('dim_indicator') }}
),

scores as (
    {% for metric in metric_codes() %}
        select * from {{ ref('ind_' ~ metric | lower) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        {{ period_keys('scores') }},
        scores.unit_code,
        scores.unit_level,
        scores.metric_code,
        scores.numerator,
        scores.denominator,
        scores.ratio,
        scores.score,
        scores.max_score,
        indicators.group_code,
        scores.score_reason,
        scores.denominator_status
    from scores
    inner join indicators
        on
            scores.regime = indicators.regime
            and scores.metric_code = indicators.metric_code
)

select * from final
