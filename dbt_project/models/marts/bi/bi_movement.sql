-- Grain: one row per pair of comparable periods, unit and part of its total.
{{ config(materialized='view') }}
{#-
    What a total is made of, in one period: its groups, the metrics of those that are computed from them, and the rest, by which
    the portal's own total differs from the sum of its groups. Written out for each side of a pair, and not as a CTE: what
    PostgreSQL reads twice it makes whole first, for all units.
-#}
{%- set parts -%}
(
        select
            period_id,
            unit_code,
            unit_level,
            case when group_code = 'TOTAL' then 'rest' else 'group' end as part_level,
            group_code,
            group_code as part_code,
            score_origin,
            case
                when group_code = 'TOTAL'
                    then score - sum(case when group_code <> 'TOTAL' then score end) over (partition by period_id, unit_code)
                else score
            end as points,
            cast(null as bigint) as numerator,
            cast(null as bigint) as denominator,
            null as ratio
        from {{ served('mart_index') }}
        where score is not null
        union all
        select
            scores.period_id,
            scores.unit_code,
            scores.unit_level,
            'metric' as part_level,
            scores.group_code,
            scores.metric_code as part_code,
            origins.score_origin,
            coalesce(scores.shown_score, 0) as points,
            scores.numerator,
            scores.denominator,
            scores.ratio
        from {{ served('mart_indicator_scores') }} as scores
        inner join {{ served('mart_index') }} as origins
            on
                scores.period_id = origins.period_id
                and scores.unit_code = origins.unit_code
                and scores.group_code = origins.group_code
        where scores.max_score > 0 and origins.score_origin = 'computed'
    )
{%- endset -%}
-- noqa: disable=ST05
with periods as (
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

final as (
    select
        pairs.from_period_id,
        pairs.to_period_id,
        pairs.basis,
        pairs.regime,
        pairs.period_type,
        pairs.from_period_vi,
        pairs.to_period_vi,
        later.unit_code,
        later.unit_level,
        units.label_vi as unit_vi,
        later.part_level,
        later.group_code,
        later.part_code,
        case
            when later.part_level = 'rest' then 'Làm tròn của Cổng'
            else coalesce(indicators.name_vi, groups.name_vi)
        end as part_vi,
        case
            when later.part_level = 'rest' then 'Rounding by the portal'
            else coalesce(indicators.name_en, groups.name_en)
        end as part_en,
        cast(earlier.points as decimal(6, 2)) as points_from,
        cast(later.points as decimal(6, 2)) as points_to,
        cast(later.points - earlier.points as decimal(6, 2)) as points_moved,
        earlier.numerator as numerator_from,
        later.numerator as numerator_to,
        earlier.denominator as denominator_from,
        later.denominator as denominator_to,
        earlier.ratio as ratio_from,
        later.ratio as ratio_to,
        case when later_totals.score is not null then earlier_totals.score end as total_from,
        case when earlier_totals.score is not null then later_totals.score end as total_to,
        cast(later_totals.score - earlier_totals.score as decimal(6, 2)) as total_moved,
        pairs.contains_synthetic
    from pairs
    inner join {{ parts }} as later
        on pairs.to_period_id = later.period_id
    inner join {{ parts }} as earlier
        on
            pairs.from_period_id = earlier.period_id
            and later.unit_code = earlier.unit_code
            and later.part_level = earlier.part_level
            and later.part_code = earlier.part_code
    left join {{ served('mart_index') }} as later_totals
        on
            later.period_id = later_totals.period_id
            and later.unit_code = later_totals.unit_code
            and later_totals.group_code = 'TOTAL'
    left join {{ served('mart_index') }} as earlier_totals
        on
            earlier.period_id = earlier_totals.period_id
            and earlier.unit_code = earlier_totals.unit_code
            and earlier_totals.group_code = 'TOTAL'
    inner join units
        on
            later.unit_code = units.unit_code
            and {{ unit_on('units', 'pairs.as_of') }}
    left join indicators
        on
            later.part_level = 'metric'
            and pairs.regime = indicators.regime
            and later.part_code = indicators.metric_code
    left join groups
        on
            pairs.regime = groups.regime
            and later.part_code = groups.group_code
    -- A group moves by its metrics where both periods have them, else as a whole.
    where
        later.part_level = 'metric'
        or (later.part_level = 'group' and not (later.score_origin = 'computed' and earlier.score_origin = 'computed'))
        or (later.part_level = 'rest' and later.points <> earlier.points)
)

select * from final
