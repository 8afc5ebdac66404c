{#-
    The body of every `ind_<metric>`: observations of one metric, from every basis, scored by the one rule.

    metric_code: the portal's code.
    Returns the columns of the public contract: period keys, unit, metric, numerator, denominator, ratio, score.
-#}
{% macro indicator(metric_code) %}
with observations as (
    select * from {{ ref('int_portal__observations') }}
    where metric_code = '{{ metric_code }}'
),

rules as (
    select * from {{ ref('dim_indicator') }}
    where metric_code = '{{ metric_code }}'
),

-- The ratio comes from the counts. Where the source publishes a ratio without counts, from that.
ratios as (
    select
        *,
        case
            when denominator > 0 then cast(numerator as double) / denominator
            when denominator is null then published_ratio
        end as ratio
    from observations
),

final as (
    select
        {{ period_keys('ratios') }},
        ratios.unit_code,
        ratios.unit_level,
        ratios.metric_code,
        ratios.numerator,
        ratios.denominator,
        ratios.ratio,
        cast({{ score('ratios.ratio', 'ratios.denominator', 'rules') }} as double) as score,
        rules.max_score
    from ratios
    inner join rules
        on ratios.regime = rules.regime
)

select * from final
{% endmacro %}
