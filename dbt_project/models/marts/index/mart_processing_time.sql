-- Grain: one row per month in which dossiers ended, unit, procedure (ALL: of all procedures) and step.
{%- set steps = {
    'filing': 'filing_seconds', 'processing': 'processing_seconds',
    'waiting': 'waiting_seconds', 'returning': 'returning_seconds',
} %}
with dossiers as (
    select
        *,
        {{ first_day_of('month', 'ended_date') }} as month_start
    from {{ ref('fct_dossier') }}
    where
        ended_date is not null and received_date is not null and unit_code is not null
        -- What ended before it was received took no time that anybody could know.
        and not is_end_before_receipt
        and ended_date <= coalesce(cast(nullif('{{ var("as_of") }}', '') as date), ended_date)
),

units as (
    select * from {{ ref('int_dossiers__known_until') }}
    where known_until is not null
),

procedures as (
    select * from {{ ref('dim_procedure') }}
    where valid_to is null
),

synthetic as (
    select * from {{ ref('int_deliveries__synthetic') }}
    where basis = 'records'
),

steps as (
    {% for step in steps -%}
        select '{{ step }}' as step
        {% if not loop.last -%} union all {%- endif %}
    {% endfor %}
),

-- What a dossier is summed up in: its unit, its province or the nation; of those, all procedures and its own.
sums as (
    select
        'unit' as counted_for,
        true as is_of_all
    {% for counted_for in ['province', 'nation'] -%}
        {% for is_of_all in ['false', 'true'] -%}
            union all
            select
                '{{ counted_for }}' as counted_for,
                {{ is_of_all }} as is_of_all
        {% endfor -%}
    {% endfor %}
),

-- Dossiers are read once and never kept: each is a row for each step that it went through.
timed as (
    select
        dossiers.month_start,
        dossiers.procedure_code,
        -- A province's own dossiers are in its sum, and nowhere by themselves.
        case when units.unit_level <> 'province' then dossiers.unit_code end as unit_code,
        -- Departments that deliver alone are no figure of their province (docs/adr/0028).
        provinces.unit_code as province_code,
        steps.step,
        case steps.step
            {% for step, seconds in steps.items() -%}
                when '{{ step }}' then dossiers.{{ seconds }}
            {% endfor %}
        end as seconds
    from dossiers
    inner join units
        on dossiers.unit_code = units.unit_code
    left join units as provinces
        on units.province_code = provinces.unit_code
    cross join steps
),

-- Without a procedure a dossier is one of all.
summed_up as (
    select
        timed.month_start,
        case sums.counted_for
            when 'unit' then timed.unit_code
            when 'province' then timed.province_code
            when 'nation' then case when timed.province_code is not null then 'VN' end
        end as unit_code,
        case when sums.is_of_all then 'ALL' else timed.procedure_code end as procedure_code,
        timed.step,
        cast(floor(timed.seconds / 3600) as integer) as hours
    from timed
    cross join sums
    where timed.seconds is not null
),

measured as (
    select
        unit_code,
        procedure_code,
        month_start,
        step,
        count(*) as dossiers,
        count(*) >= {{ var('percentile_minimum_dossiers') }} as is_enough,
        {{ nearest_rank('hours', 50, [50, 90]) }} as median_hours,
        {{ nearest_rank('hours', 90, [50, 90]) }} as p90_hours
    from summed_up
    where unit_code is not null and procedure_code is not null
    group by unit_code, procedure_code, month_start, step
),

listed as (
    select
        unit_code,
        unit_level,
        province_code,
        known_until
    from units
    union all
    select
        'VN' as unit_code,
        'nation' as unit_level,
        null as province_code,
        max(known_until) as known_until
    from units
    where unit_level = 'province'
),

-- A procedure that too few dossiers were about says nothing: its row is left out, that of all procedures is not.
final as (
    select
        measured.month_start,
        least(listed.known_until, last_day(measured.month_start)) as as_of,
        measured.unit_code,
        listed.unit_level,
        listed.province_code,
        measured.procedure_code,
        procedures.name_vi as procedure_name_vi,
        measured.step,
        cast(measured.dossiers as bigint) as dossiers,
        case when measured.is_enough then measured.median_hours / 24.0 end as median_days,
        case when measured.is_enough then measured.p90_hours / 24.0 end as p90_days,
        case
            when not measured.is_enough then 'fewer than {{ var("percentile_minimum_dossiers") }} dossiers'
        end as percentile_reason,
        synthetic.contains_synthetic
    from measured
    inner join listed
        on measured.unit_code = listed.unit_code
    cross join synthetic
    left join procedures
        on measured.procedure_code = procedures.procedure_code
    where measured.is_enough or measured.procedure_code = 'ALL'
)

select * from final
