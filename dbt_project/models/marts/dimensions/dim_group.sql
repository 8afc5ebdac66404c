-- Grain: one row per regime and group of metrics, and one for TOTAL.
with groups as (
    select * from {{ ref('indicator_groups') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
    where is_scored
),

scored as (
    select
        indicators.regime,
        groups.group_code,
        groups.position,
        groups.name_vi,
        groups.name_en,
        sum(indicators.max_score) as max_score,
        count(*) as metrics
    from indicators
    inner join groups
        on indicators.group_code = groups.group_code
    group by indicators.regime, groups.group_code, groups.position, groups.name_vi, groups.name_en
),

totals as (
    select
        regime,
        sum(max_score) as max_score,
        sum(metrics) as metrics
    from scored
    group by regime
),

final as (
    select
        regime,
        group_code,
        cast(position as integer) as position,
        name_vi,
        name_en,
        max_score,
        cast(metrics as integer) as metrics
    from scored
    union all
    select
        regime,
        'TOTAL' as group_code,
        0 as position,
        'Tổng điểm' as name_vi,
        'Total' as name_en,
        max_score,
        cast(metrics as integer) as metrics
    from totals
)

select * from final
