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

-- A dossier counts for its unit, where that is below the province, and for its procedure in its province.
counts as (
    select 'unit' as counted_for
    union all
    select 'procedure' as counted_for
),

-- Dossiers are read once and never kept: what follows reads counts by whole hour.
timed as (
    select
        dossiers.month_start,
        units.unit_level,
        counts.counted_for,
        case counts.counted_for when 'unit' then dossiers.unit_code else units.province_code end as unit_code,
        case counts.counted_for when 'unit' then 'ALL' else dossiers.procedure_code end as procedure_code,
        steps.step,
        case steps.step
            {% for step, seconds in steps.items() -%}
                when '{{ step }}' then dossiers.{{ seconds }}
            {% endfor %}
        end as seconds
    from dossiers
    inner join units
        on dossiers.unit_code = units.unit_code
    cross join steps
    cross join counts
),

by_hour as (
    select
        counted_for,
        unit_code,
        procedure_code,
        month_start,
        step,
        cast(floor(seconds / 3600) as integer) as hours,
        count(*) as dossiers
    from timed
    where seconds is not null and (counted_for = 'procedure' or unit_level <> 'province')
    group by counted_for, unit_code, procedure_code, month_start, step, cast(floor(seconds / 3600) as integer)
),

-- What is counted by unit stays as it is. Of provinces, all procedures add up, and so does the nation; without a
-- procedure a dossier is one of all.
sums as (
    select
        'unit' as counted_for,
        false as is_of_nation,
        false as is_of_all
    {% for is_of_nation in ['false', 'true'] -%}
        {% for is_of_all in ['false', 'true'] -%}
            union all
            select
                'procedure' as counted_for,
                {{ is_of_nation }} as is_of_nation,
                {{ is_of_all }} as is_of_all
        {% endfor -%}
    {% endfor %}
),

added_up as (
    select
        case when sums.is_of_nation then 'VN' else by_hour.unit_code end as unit_code,
        case when sums.is_of_all then 'ALL' else by_hour.procedure_code end as procedure_code,
        by_hour.month_start,
        by_hour.step,
        by_hour.hours,
        by_hour.dossiers
    from by_hour
    inner join sums
        on by_hour.counted_for = sums.counted_for
),

counted as (
    select
        unit_code,
        procedure_code,
        month_start,
        step,
        hours,
        sum(dossiers) as dossiers
    from added_up
    where procedure_code is not null
    group by unit_code, procedure_code, month_start, step, hours
),

running as (
    select
        *,
        sum(dossiers) over (partition by unit_code, procedure_code, month_start, step order by hours) as so_far,
        sum(dossiers) over (partition by unit_code, procedure_code, month_start, step) as in_all
    from counted
),

measured as (
    select
        unit_code,
        procedure_code,
        month_start,
        step,
        max(in_all) as dossiers,
        max(in_all) >= {{ var('percentile_minimum_dossiers') }} as is_enough,
        {{ nearest_rank(50, 'hours', 'so_far', 'in_all') }} as median_hours,
        {{ nearest_rank(90, 'hours', 'so_far', 'in_all') }} as p90_hours
    from running
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
