-- Grain: one row per period key, unit and scored metric.
with scores as (
    select * from {{ ref('mart_indicator_scores') }}
    where max_score > 0
),

ranked as (
    select * from {{ ref('index_ranked') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

-- The next rank belongs to the nearest better total: what it takes to pass it.
next_totals as (
    select
        *,
        min(total_score) over (
            partition by {{ period_keys() }}, parent_unit_code, unit_level
            order by total_score
            range between {{ var('smallest_score_step') }} following and unbounded following
        ) as next_total
    from ranked
    where total_score is not null
),

gaps as (
    select
        {{ period_keys('scores') }},
        scores.unit_code,
        scores.unit_level,
        scores.group_code,
        scores.metric_code,
        indicators.counted_unit,
        scores.numerator,
        scores.denominator,
        -- A metric whose sources were not delivered has lost nothing that anybody knows of.
        case when scores.score_reason is null then coalesce({{ rounded_score('scores.score') }}, 0) end as score,
        scores.max_score,
        case
            when scores.score_reason is null
                then scores.max_score - coalesce({{ rounded_score('scores.score') }}, 0)
        end as points_lost,
        scores.score_reason,
        next_totals.next_total - next_totals.total_score + {{ var('smallest_score_step') }} as points_to_next_rank,
        -- How many counted units make one point; null where nothing was counted, or where the unit's own work does not
        -- change the counts.
        case
            when
                (scores.unit_level in ('nation', 'province') or indicators.is_measured_below_province)
                and scores.denominator > 0
                then scores.denominator * indicators.full_mark_ratio / scores.max_score
        end as units_per_point
    from scores
    inner join indicators
        on
            scores.regime = indicators.regime
            and scores.metric_code = indicators.metric_code
    left join next_totals
        on
            {{ same_period('scores', 'next_totals') }}
            and scores.unit_code = next_totals.unit_code
),

final as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        group_code,
        metric_code,
        counted_unit,
        numerator,
        denominator,
        cast(score as double) as score,
        max_score,
        cast(points_lost as double) as points_lost,
        cast(points_to_next_rank as double) as points_to_next_rank,
        -- Without counts, or where they are the province's, nothing can be said (`greatest` would ignore the null).
        -- A hair is taken off before rounding up, so that a binary fraction does not ask for one more.
        case
            when units_per_point is not null and points_lost > 0
                then cast(greatest(ceil(max_score * units_per_point - 1e-6) - numerator, 0) as bigint)
        end as more_for_full_mark,
        case
            when units_per_point is not null and points_lost >= 1
                then cast(ceil(units_per_point - 1e-6) as bigint)
        end as more_for_one_point,
        case
            when units_per_point is not null and points_lost >= points_to_next_rank
                then
                    cast(
                        greatest(ceil((score + points_to_next_rank) * units_per_point - 1e-6) - numerator, 1)
                        as bigint
                    )
        end as more_for_next_rank,
        score_reason
    from gaps
)

select * from final
