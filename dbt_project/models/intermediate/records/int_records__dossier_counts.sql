-- Grain: one row per period and unit, with all units below it: what its dossiers add up to.
{%- set measures = dossier_measures() %}
with periods as (
    select * from {{ ref('int_records__periods') }}
),

daily as (
    select * from {{ ref('int_dossiers__daily') }}
),

open_daily as (
    select * from {{ ref('int_dossiers__open_daily') }}
),

ancestors as (
    select * from {{ ref('bridge_unit_rollup') }}
    where ancestor_code <> 'VN'
),

delivered as (
    select * from {{ ref('int_records__delivered') }}
    where source = 'dossiers'
),

known as (
    select * from {{ ref('int_dossiers__known_until') }}
),

-- Open dossiers are within time where they still are on the day observed, or on the last that is known of their unit,
-- the day before its newest delivery: what was not delivered since may have ended. They were counted as received above.
counted as (
    select
        periods.period_id,
        daily.unit_code,
        {% for measure in measures -%}
            sum(daily.{{ measure }}) as {{ measure }},
        {% endfor -%}
        max(daily.newest_delivery_date) as newest_delivery_date
    from periods
    inner join daily
        on daily.counted_date between periods.period_start and periods.as_of
    group by periods.period_id, daily.unit_code
    union all
    select
        periods.period_id,
        open_daily.unit_code,
        {% for measure in measures -%}
            {% if measure in open_dossier_measures() -%}
                sum(open_daily.{{ measure }}) as {{ measure }},
            {% else -%}
                0 as {{ measure }},
            {% endif -%}
        {% endfor -%}
        cast(null as date) as newest_delivery_date
    from periods
    inner join open_daily
        on open_daily.counted_date between periods.period_start and periods.as_of
    left join known
        on open_daily.unit_code = known.unit_code
    where
        least(periods.as_of, coalesce({{ day_before('known.known_until') }}, periods.as_of))
        <= open_daily.within_until_date
    group by periods.period_id, open_daily.unit_code
),

rolled_up as (
    select
        counted.period_id,
        ancestors.ancestor_code as unit_code,
        {% for measure in measures -%}
            cast(sum(counted.{{ measure }}) as bigint) as {{ measure }},
        {% endfor -%}
        max(counted.newest_delivery_date) as newest_delivery_date
    from counted
    inner join ancestors
        on counted.unit_code = ancestors.unit_code
    group by counted.period_id, ancestors.ancestor_code
),

final as (
    {{ with_nation('rolled_up', measures, ['newest_delivery_date']) }}
)

select * from final
