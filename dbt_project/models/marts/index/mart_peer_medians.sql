-- Grain: one row per period key, level of units, group of peers and part of the total: TOTAL, a group or a metric.
with metric_scores as (
    select * from {{ ref('mart_indicator_scores') }}
),

gaps as (
    select * from {{ ref('mart_score_gap') }}
),

index_scores as (
    select * from {{ ref('mart_index') }}
),

units as (
    select * from {{ ref('core_units__listed') }}
),

regions as (
    select * from {{ ref('province_regions') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

-- What is lost on a metric is what the gap says of it; days and shares are two columns.
parts as (
    select
        {{ period_keys('metric_scores') }},
        metric_scores.unit_code,
        metric_scores.unit_level,
        'metric' as part_level,
        metric_scores.group_code,
        metric_scores.metric_code as part_code,
        metric_scores.max_score,
        cast(metric_scores.shown_score as decimal(6, 2)) as score,
        metric_scores.ratio,
        metric_scores.average_days,
        gaps.points_lost
    from metric_scores
    left join gaps
        on
            {{ same_period('metric_scores', 'gaps') }}
            and metric_scores.unit_code = gaps.unit_code
            and metric_scores.metric_code = gaps.metric_code
    union all
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        case group_code when 'TOTAL' then 'total' else 'group' end as part_level,
        group_code,
        group_code as part_code,
        max_score,
        score,
        cast(null as double) as ratio,
        cast(null as double) as average_days,
        cast(null as double) as points_lost
    from index_scores
),

-- Provinces are peers over the nation and in their region; departments and communes in their province.
peer_groups as (
    select
        unit_code,
        'nation' as peer_group,
        parent_unit_code as peer_group_code
    from units
    where unit_level = 'province'
    union all
    select
        units.unit_code,
        'region' as peer_group,
        regions.region_vi as peer_group_code
    from units
    inner join regions
        on units.province_code = regions.province_code
    where units.unit_level = 'province'
    union all
    select
        unit_code,
        'province' as peer_group,
        parent_unit_code as peer_group_code
    from units
    where unit_level in ('department', 'commune')
),

medians as (
    select
        {{ period_keys('parts') }},
        parts.unit_level,
        peer_groups.peer_group,
        peer_groups.peer_group_code,
        parts.part_level,
        parts.group_code,
        parts.part_code,
        max(parts.max_score) as max_score,
        count(parts.score) as units,
        min(parts.score) as lowest_score,
        {{ quartile('parts.score', 1) }} as lower_quartile,
        {{ quartile('parts.score', 2) }} as median_score,
        {{ quartile('parts.score', 3) }} as upper_quartile,
        max(parts.score) as highest_score,
        {{ quartile('parts.points_lost', 2) }} as median_points_lost,
        count(coalesce(parts.ratio, parts.average_days)) as units_measured,
        {{ median_of('parts.ratio') }} as median_ratio,
        {{ median_of('parts.average_days') }} as median_average_days
    from parts
    inner join peer_groups
        on parts.unit_code = peer_groups.unit_code
    group by
        {{ period_keys('parts') }},
        parts.unit_level,
        peer_groups.peer_group,
        peer_groups.peer_group_code,
        parts.part_level,
        parts.group_code,
        parts.part_code
),

final as (
    select
        {{ period_keys('medians') }},
        medians.unit_level,
        medians.peer_group,
        medians.peer_group_code,
        medians.part_level,
        medians.group_code,
        medians.part_code,
        cast(medians.units as integer) as units,
        medians.lowest_score,
        medians.lower_quartile,
        medians.median_score,
        medians.upper_quartile,
        medians.highest_score,
        cast(medians.max_score as double) as max_score,
        medians.median_points_lost,
        cast(medians.units_measured as integer) as units_measured,
        medians.median_ratio,
        medians.median_average_days,
        case
            when medians.units > 0 then null
            when medians.max_score = 0 then 'the metric gives no points'
            else 'no unit of the group has a score'
        end as median_reason,
        periods.period_id,
        periods.contains_synthetic
    from medians
    inner join periods
        on
            {{ same_period('medians', 'periods') }}
)

select * from final
