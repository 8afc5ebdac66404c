-- Grain: one row per pair of comparable periods, unit and part of its total.
{{ config(materialized='view') }}
with periods as (
    select * from {{ served('dim_period') }}
),

index_scores as (
    select * from {{ served('mart_index') }}
    where score is not null
),

metric_scores as (
    select * from {{ served('mart_indicator_scores') }}
    where max_score > 0
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

-- Points of different rules, or of different kinds of period, are not subtracted.
pairs as (
    select
        earlier.period_id as from_period_id,
        later.period_id as to_period_id,
        later.basis,
        later.regime,
        later.period_type,
        later.as_of,
        earlier.label_vi as from_period_vi,
        later.label_vi as to_period_vi,
        earlier.contains_synthetic or later.contains_synthetic as contains_synthetic
    from periods as later
    inner join periods as earlier
        on
            later.basis = earlier.basis
            and later.regime = earlier.regime
            and later.period_type = earlier.period_type
            and (
                later.as_of > earlier.as_of
                or (later.as_of = earlier.as_of and later.period_start > earlier.period_start)
            )
),

both_scores as (
    select
        pairs.from_period_id,
        pairs.to_period_id,
        later.unit_code,
        later.unit_level,
        pairs.regime,
        later.group_code,
        earlier.score as points_from,
        later.score as points_to,
        earlier.score_origin = 'computed' and later.score_origin = 'computed' as has_metrics
    from pairs
    inner join index_scores as later
        on pairs.to_period_id = later.period_id
    inner join index_scores as earlier
        on
            pairs.from_period_id = earlier.period_id
            and later.unit_code = earlier.unit_code
            and later.group_code = earlier.group_code
),

totals as (
    select
        from_period_id,
        to_period_id,
        unit_code,
        unit_level,
        points_from as total_from,
        points_to as total_to
    from both_scores
    where group_code = 'TOTAL'
),

-- A group moves by its metrics where both days have all of them, else as a whole.
parts as (
    select
        both_scores.from_period_id,
        both_scores.to_period_id,
        both_scores.unit_code,
        both_scores.unit_level,
        'metric' as part_level,
        both_scores.group_code,
        later.metric_code as part_code,
        indicators.name_vi as part_vi,
        indicators.name_en as part_en,
        coalesce(earlier.shown_score, 0) as points_from,
        coalesce(later.shown_score, 0) as points_to,
        earlier.numerator as numerator_from,
        later.numerator as numerator_to,
        earlier.denominator as denominator_from,
        later.denominator as denominator_to,
        earlier.ratio as ratio_from,
        later.ratio as ratio_to
    from both_scores
    inner join metric_scores as later
        on
            both_scores.to_period_id = later.period_id
            and both_scores.unit_code = later.unit_code
            and both_scores.group_code = later.group_code
    inner join metric_scores as earlier
        on
            both_scores.from_period_id = earlier.period_id
            and later.unit_code = earlier.unit_code
            and later.metric_code = earlier.metric_code
    inner join indicators
        on
            both_scores.regime = indicators.regime
            and later.metric_code = indicators.metric_code
    where both_scores.has_metrics and both_scores.group_code <> 'TOTAL'
    union all
    select
        both_scores.from_period_id,
        both_scores.to_period_id,
        both_scores.unit_code,
        both_scores.unit_level,
        'group' as part_level,
        both_scores.group_code,
        both_scores.group_code as part_code,
        groups.name_vi as part_vi,
        groups.name_en as part_en,
        both_scores.points_from,
        both_scores.points_to,
        null as numerator_from,
        null as numerator_to,
        null as denominator_from,
        null as denominator_to,
        null as ratio_from,
        null as ratio_to
    from both_scores
    inner join groups
        on
            both_scores.regime = groups.regime
            and both_scores.group_code = groups.group_code
    where not both_scores.has_metrics and both_scores.group_code <> 'TOTAL'
),

-- The portal's own total may differ from the sum of its groups by a hundredth or two: that is a part, too.
rests as (
    select
        totals.from_period_id,
        totals.to_period_id,
        totals.unit_code,
        totals.unit_level,
        totals.total_from - sum(parts.points_from) as points_from,
        totals.total_to - sum(parts.points_to) as points_to
    from totals
    inner join parts
        on
            totals.from_period_id = parts.from_period_id
            and totals.to_period_id = parts.to_period_id
            and totals.unit_code = parts.unit_code
    group by
        totals.from_period_id, totals.to_period_id, totals.unit_code, totals.unit_level, totals.total_from,
        totals.total_to
),

listed as (
    select * from parts
    union all
    select
        from_period_id,
        to_period_id,
        unit_code,
        unit_level,
        'rest' as part_level,
        'TOTAL' as group_code,
        'TOTAL' as part_code,
        'Làm tròn của Cổng' as part_vi,
        'Rounding by the portal' as part_en,
        points_from,
        points_to,
        null as numerator_from,
        null as numerator_to,
        null as denominator_from,
        null as denominator_to,
        null as ratio_from,
        null as ratio_to
    from rests
    where points_from <> points_to
),

final as (
    select
        listed.from_period_id,
        listed.to_period_id,
        pairs.basis,
        pairs.regime,
        pairs.period_type,
        pairs.from_period_vi,
        pairs.to_period_vi,
        listed.unit_code,
        listed.unit_level,
        units.label_vi as unit_vi,
        listed.part_level,
        listed.group_code,
        listed.part_code,
        listed.part_vi,
        listed.part_en,
        cast(listed.points_from as decimal(6, 2)) as points_from,
        cast(listed.points_to as decimal(6, 2)) as points_to,
        cast(listed.points_to - listed.points_from as decimal(6, 2)) as points_moved,
        listed.numerator_from,
        listed.numerator_to,
        listed.denominator_from,
        listed.denominator_to,
        listed.ratio_from,
        listed.ratio_to,
        cast(totals.total_from as decimal(6, 2)) as total_from,
        cast(totals.total_to as decimal(6, 2)) as total_to,
        cast(totals.total_to - totals.total_from as decimal(6, 2)) as total_moved,
        pairs.contains_synthetic
    from listed
    inner join pairs
        on
            listed.from_period_id = pairs.from_period_id
            and listed.to_period_id = pairs.to_period_id
    inner join units
        on
            listed.unit_code = units.unit_code
            and {{ unit_on('units', 'pairs.as_of') }}
    left join totals
        on
            listed.from_period_id = totals.from_period_id
            and listed.to_period_id = totals.to_period_id
            and listed.unit_code = totals.unit_code
)

select * from final
