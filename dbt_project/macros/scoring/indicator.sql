{#-
    The body of every `ind_<metric>`: one metric from every basis, scored by the one rule.

    metric_code: the portal's code, under which the counts of the basis `portal` were published.
    numerator, denominator: what the metric counts, in terms of the columns of `int_records__measures`; this is the
    metric's definition on the basis `records`.
    ratio: only where there is no count to divide; used where the denominator is null.
    Returns the columns of the public contract: period keys, unit, metric, numerator, denominator, ratio (or the average of
    days of a metric that is counted in days), score, and the reason where a source that the metric rests on was not delivered: then it has no figure at all.
-#}
{% macro indicator(metric_code, numerator, denominator, ratio='null') %}
with published as (
    select * from {{ ref('int_portal__observations') }}
    where metric_code = '{{ metric_code }}'
),

measures as (
    select * from {{ ref('int_records__measures') }}
),

missing as (
    select
        {{ period_keys() }},
        unit_code,
        {{ comma_list('source') }} as sources
    from {{ ref('int_records__missing') }}
    where metric_code = '{{ metric_code }}'
    group by {{ period_keys() }}, unit_code
),

rules as (
    select * from {{ ref('dim_indicator') }}
    where metric_code = '{{ metric_code }}'
),

counted as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        cast({{ numerator }} as bigint) as numerator,
        cast({{ denominator }} as bigint) as denominator,
        cast({{ ratio }} as double) as published_ratio
    from measures
),

observations as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        numerator,
        denominator,
        published_ratio,
        cast(null as string) as score_reason,
        denominator_status
    from published
    union all
    select
        {{ period_keys('counted') }},
        counted.unit_code,
        counted.unit_level,
        case when missing.unit_code is null then counted.numerator end as numerator,
        case when missing.unit_code is null then counted.denominator end as denominator,
        case when missing.unit_code is null then counted.published_ratio end as published_ratio,
        'not_delivered: ' || missing.sources as score_reason,
        cast(null as string) as denominator_status
    from counted
    left join missing
        on
            {{ same_period('counted', 'missing') }}
            and counted.unit_code = missing.unit_code
),

-- The ratio comes from the counts. Where the source gives a ratio without counts, from that.
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
        rules.metric_code,
        ratios.numerator,
        ratios.denominator,
        -- An average of days is no share: it has a column of its own.
        case when rules.counted_unit = 'day' then null else ratios.ratio end as ratio,
        cast({{ score('ratios.ratio', 'ratios.denominator', 'rules') }} as double) as score,
        rules.max_score,
        ratios.score_reason,
        ratios.denominator_status,
        case when rules.counted_unit = 'day' then ratios.ratio end as average_days
    from ratios
    inner join rules
        on ratios.regime = rules.regime
)

select * from final
{% endmacro %}
