-- Grain: one row per unit: its open dossiers, as of the newest delivery about it.
{%- set counts = {
    'open_dossiers': 'is_open',
    'within_time': "state = 'within_time' and not is_waiting_for_applicant",
    'overdue': "state = 'overdue' and not is_waiting_for_applicant",
} %}
{%- for band, days in var('overdue_bands').items() %}
    {%- do counts.update({
        band: "state = 'overdue' and not is_waiting_for_applicant and days_overdue between " ~ days | join(' and ')
    }) %}
{%- endfor %}
{%- do counts.update({
    'no_deadline': "state = 'no_deadline' and not is_waiting_for_applicant",
    'waiting_for_applicant': 'is_waiting_for_applicant',
    'waiting_overdue': "state = 'overdue' and is_waiting_for_applicant",
    'of_silent_senders': 'is_open and is_of_silent_sender',
    'ended_unknown_when': "state = 'ended_unknown_when'",
}) %}
with dossiers as (
    select * from {{ ref('int_dossiers__backlog') }}
),

units as (
    select * from {{ ref('int_dossiers__known_until') }}
),

rollup as (
    select * from {{ ref('bridge_unit_rollup') }}
    where ancestor_code <> 'VN'
),

synthetic as (
    select * from {{ ref('int_deliveries__synthetic') }}
    where basis = 'records'
),

own as (
    select
        {% for count, condition in counts.items() -%}
            count(case when {{ condition }} then 1 end) as {{ count }},
        {% endfor -%}
        min(known_until) as oldest_as_of,
        unit_code
    from dossiers
    group by unit_code
),

with_those_below as (
    select
        {% for count in counts -%}
            sum(own.{{ count }}) as {{ count }},
        {% endfor -%}
        min(own.oldest_as_of) as oldest_as_of,
        rollup.ancestor_code as unit_code
    from own
    inner join rollup
        on own.unit_code = rollup.unit_code
    group by rollup.ancestor_code
),

-- Of a known unit nothing is 0; of another it is nobody's.
of_units as (
    select
        units.unit_code,
        units.unit_level,
        units.province_code,
        units.known_until as as_of,
        least(units.known_until, coalesce(with_those_below.oldest_as_of, units.known_until)) as oldest_as_of,
        case when units.unknown_reason is null then 1 else 0 end as units_counted,
        {% for count in counts -%}
            case when units.unknown_reason is null then coalesce(with_those_below.{{ count }}, 0) end as {{ count }},
        {% endfor -%}
        units.unknown_reason as backlog_reason
    from units
    left join with_those_below
        on units.unit_code = with_those_below.unit_code
),

-- The nation's are those of the provinces that are known, each as of its own day.
listed as (
    select * from of_units
    union all
    select
        'VN' as unit_code,
        'nation' as unit_level,
        cast(null as string) as province_code,
        max(as_of) as as_of,
        min(oldest_as_of) as oldest_as_of,
        sum(units_counted) as units_counted,
        {% for count in counts -%}
            sum({{ count }}) as {{ count }},
        {% endfor -%}
        case when sum(units_counted) = 0 then 'not_delivered: dossiers' end as backlog_reason
    from of_units
    where unit_level = 'province'
),

final as (
    select
        listed.unit_code,
        listed.unit_level,
        listed.province_code,
        listed.as_of,
        listed.oldest_as_of,
        cast(case listed.unit_level when 'nation' then listed.units_counted end as integer) as provinces_counted,
        {% for count in counts -%}
            cast(listed.{{ count }} as bigint) as {{ count }},
        {% endfor -%}
        listed.backlog_reason,
        synthetic.contains_synthetic
    from listed
    cross join synthetic
)

select * from final
