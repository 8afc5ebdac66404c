-- Grain: one row per period key, unit and metric.
with indicators as (
    select * from {{ ref('dim_indicator') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

units as (
    select * from {{ ref('core_units__listed') }}
),

scores as (
    {% for metric in metric_codes() %}
        select * from {{ ref('ind_' ~ metric | lower) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

placed as (
    select
        scores.*,
        units.parent_unit_code
    from scores
    inner join units
        on scores.unit_code = units.unit_code
),

-- Peers are the units of one level under one parent. Without points a unit has no place among them; nor has the nation.
ranked as (
    select
        *,
        case
            when score is not null and unit_level <> 'nation'
                then rank() over (
                    partition by {{ period_keys() }}, metric_code, parent_unit_code, unit_level
                    order by score desc nulls last
                )
        end as rank,
        count(score) over (
            partition by {{ period_keys() }}, metric_code, parent_unit_code, unit_level
        ) as peers
    from placed
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
        scores.denominator_status,
        scores.average_days,
        cast(scores.rank as integer) as rank,
        cast(scores.peers as integer) as peers,
        {{ rounded_score('scores.score') }} as shown_score,
        periods.period_id,
        periods.contains_synthetic
    from ranked as scores
    inner join indicators
        on
            scores.regime = indicators.regime
            and scores.metric_code = indicators.metric_code
    left join periods
        on
            {{ same_period('scores', 'periods') }}
)

select * from final
