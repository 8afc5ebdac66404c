-- Grain: one row per period key, unit and scored metric.
with scores as (
    select * from {{ ref('mart_indicator_scores') }}
    where max_score > 0
),

ranked as (
    select * from {{ ref('index_ranked') }}
    where total_score is not null
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

periods as (
    select * from {{ ref('dim_period') }}
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
        indicators.full_mark_ratio,
        indicators.zero_denominator_score,
        case
            when scores.score_reason is null
                then scores.max_score - coalesce({{ rounded_score('scores.score') }}, 0)
        end as points_lost,
        scores.score_reason,
        -- The next rank belongs to the nearest better total: what it takes to pass it.
        ranked.next_total - ranked.total_score + {{ var('smallest_score_step') }} as points_to_next_rank,
        -- Why nobody can say how many more it takes, whatever the goal.
        case
            when scores.score_reason is not null then scores.score_reason
            when scores.unit_level not in ('nation', 'province') and not indicators.is_measured_below_province
                then 'counted for the whole province'
            when scores.denominator is null then 'the source gives no counts'
            when scores.denominator = 0 then 'nothing was counted'
            when scores.max_score <= coalesce({{ rounded_score('scores.score') }}, 0) then 'full mark'
        end as uncounted_reason,
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
    left join ranked
        on
            {{ same_period('scores', 'ranked') }}
            and scores.unit_code = ranked.unit_code
),

final as (
    select
        {{ period_keys('gaps') }},
        gaps.unit_code,
        gaps.unit_level,
        gaps.group_code,
        gaps.metric_code,
        gaps.counted_unit,
        gaps.numerator,
        gaps.denominator,
        cast(score as double) as score,
        gaps.max_score,
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
                    greatest(
                        {{ numerator_showing(
                            'gaps.score + points_to_next_rank', 'units_per_point', 'denominator', 'gaps',
                        ) }} - numerator,
                        1
                    )
        end as more_for_next_rank,
        gaps.score_reason,
        uncounted_reason as full_mark_reason,
        coalesce(uncounted_reason, case when points_lost < 1 then 'less than one point is lost' end)
            as one_point_reason,
        coalesce(
            uncounted_reason,
            case
                when points_to_next_rank is null then 'no peer has a better total'
                when points_lost < points_to_next_rank then 'the next rank takes more points than are lost here'
            end
        ) as next_rank_reason,
        periods.period_id,
        periods.contains_synthetic,
        gaps.units_per_point
    from gaps
    left join periods
        on
            {{ same_period('gaps', 'periods') }}
)

select * from final
