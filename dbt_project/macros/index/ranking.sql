{#-
    The body of each ranking: the units of one level with total, rank, movement, band and the portal's own figures.

    unit_level: province, department or commune.
-#}
{% macro ranking(unit_level) %}
with movement as (
    select * from {{ ref('index_movement') }}
    where unit_level = '{{ unit_level }}'
),

units as (
    select * from {{ ref('dim_unit') }}
),

periods as (
    select * from {{ ref('dim_period') }}
),

official as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

bands as (
    select * from {{ ref('bands') }}
),

final as (
    select
        {{ period_keys('movement') }},
        -- Final only when the period is over, everyone who should be ranked is, every peer has delivered all that the
        -- scores rest on beyond the end (docs/adr/0029), and a capture was made after it.
        case
            when
                movement.as_of >= movement.period_end
                and movement.peers = movement.peers_expected
                and movement.incomplete_sources is null
                and coalesce(official.is_final_capture, true)
                then 'final'
            else 'provisional'
        end as period_status,
        movement.unit_code,
        units.name_vi,
        units.name_en,
        movement.total_score,
        cast(movement.rank as integer) as rank,
        cast(movement.peers as integer) as peers,
        movement.baseline,
        movement.previous_score,
        cast(movement.previous_rank as integer) as previous_rank,
        cast(movement.total_score - movement.previous_score as decimal(6, 2)) as score_change,
        cast(movement.previous_rank - movement.rank as integer) as rank_change,
        bands.band,
        official.official_total_score as official_score,
        cast(official.official_rank as integer) as official_rank,
        units.agency_code,
        units.province_code,
        cast(movement.peers_expected as integer) as peers_expected,
        movement.rank_reason,
        movement.movement_reason,
        movement.incomplete_sources,
        units.unit_type,
        periods.period_id,
        periods.contains_synthetic
    from movement
    inner join units
        on
            movement.unit_code = units.unit_code
            and {{ unit_on('units', 'movement.as_of') }}
    left join bands
        on
            movement.total_score >= coalesce(bands.minimum_score, 0)
            and (movement.total_score < bands.below_score or bands.below_score is null)
    left join official
        on
            {{ same_period('movement', 'official') }}
            and movement.unit_code = official.unit_code
    left join periods
        on
            {{ same_period('movement', 'periods') }}
)

select * from final
{% endmacro %}
