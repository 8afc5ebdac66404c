-- Grain: one row per period key and unit that is ranked.
{{ config(materialized='view') }}
with rankings as (
    {% for unit_level in ['province', 'department', 'commune'] %}
        select
            '{{ unit_level }}' as unit_level,
            period_id,
            period_status,
            unit_code,
            total_score,
            rank,
            peers,
            peers_expected,
            band,
            previous_score,
            previous_rank,
            score_change,
            rank_change,
            baseline,
            official_score,
            official_rank,
            rank_reason,
            movement_reason
        from {{ served('mart_' ~ unit_level ~ '_ranking') }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

periods as (
    select * from {{ served('dim_period') }}
),

units as (
    select * from {{ served('dim_unit') }}
),

final as (
    select
        rankings.period_id,
        {{ period_keys('periods') }},
        periods.label_vi as period_vi,
        periods.label_en as period_en,
        periods.is_latest,
        rankings.period_status,
        rankings.unit_level,
        rankings.unit_code,
        units.label_vi as unit_vi,
        units.search_name,
        units.unit_type,
        units.province_code,
        provinces.name_vi as province_vi,
        units.region_vi,
        units.region_en,
        units.tile_row,
        units.tile_column,
        rankings.total_score,
        rankings.rank,
        rankings.peers,
        rankings.peers_expected,
        rankings.band,
        rankings.previous_score,
        rankings.previous_rank,
        rankings.score_change,
        rankings.rank_change,
        rankings.baseline,
        rankings.official_score,
        rankings.official_rank,
        rankings.rank_reason,
        rankings.movement_reason,
        periods.contains_synthetic
    from rankings
    inner join periods
        on rankings.period_id = periods.period_id
    inner join units
        on
            rankings.unit_code = units.unit_code
            and {{ unit_on('units', 'periods.as_of') }}
    left join units as provinces
        on
            units.province_code = provinces.unit_code
            and {{ unit_on('provinces', 'periods.as_of') }}
)

select * from final
