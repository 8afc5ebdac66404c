-- Grain: one row per period key (year to date), unit and scored metric.
with scores as (
    select * from {{ ref('mart_indicator_scores') }}
    where basis = 'portal' and period_type = 'year_to_date' and unit_level in ('nation', 'province') and max_score > 0
),

-- The day before is the last one that was captured, under the same rules and in the same year.
followed as (
    select
        *,
        lag(as_of) over before as previous_as_of,
        lag(ratio) over before as previous_ratio,
        lag(shown_score) over before as previous_score
    from scores
    window before as (
        partition by basis, regime, period_type, period_start, period_end, unit_code, metric_code order by as_of
    )
),

final as (
    select
        {{ period_keys('followed') }},
        followed.period_id,
        followed.unit_code,
        followed.unit_level,
        followed.metric_code,
        followed.numerator,
        followed.denominator,
        followed.ratio,
        followed.shown_score,
        followed.previous_as_of,
        {{ days_from('followed.previous_as_of', 'followed.as_of') }} as days_between,
        followed.ratio - followed.previous_ratio as ratio_change,
        cast(followed.shown_score - followed.previous_score as decimal(6, 2)) as score_change,
        followed.score_reason,
        case
            when followed.previous_as_of is null then 'first day under these rules in the year'
            when followed.shown_score is null then 'no score on this day'
            when followed.previous_score is null then 'no score on the day before'
        end as change_reason,
        followed.contains_synthetic
    from followed
)

select * from final
