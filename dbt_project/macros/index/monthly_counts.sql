{#-
    The body of `bi_province_month` and `bi_unit_month`: the counts of units that do not overlap, so that sums over them count
    nothing twice. From records, one row a unit and month.

    unit_levels: levels of which no unit lies within another.
    A count is what the marts say, and null where they have none: `counts` names the metric and which of its two counts.
-#}
{% macro monthly_counts(unit_levels) %}
{%- set counts = {
    'dossiers_with_deadline': ('ON_TIME_SETTLEMENT', 'denominator'),
    'timely': ('ON_TIME_SETTLEMENT', 'numerator'),
    'with_obligation': ('DOSSIER_PAID_ONLINE', 'denominator'),
    'paid_online': ('DOSSIER_PAID_ONLINE', 'numerator'),
    'with_electronic_result': ('ORIGINAL_RESULT_AVAILABLE', 'numerator'),
    'digitised': ('SO_HOA_GIAY_TO_GIAI_QUYET', 'numerator'),
    'petitions': ('PETITION_PROCESSING_ON_TIME', 'denominator'),
    'petitions_on_time': ('PETITION_PROCESSING_ON_TIME', 'numerator'),
    'petitions_satisfied': ('PETITION_HANDLING_SATISFACTION', 'numerator'),
} -%}
with headline as (
    select * from {{ ref('mart_service_headline') }}
    where
        basis = 'records'
        and period_type = 'month'
        and unit_level in ('{{ unit_levels | join("', '") }}')
),

scores as (
    select * from {{ ref('mart_indicator_scores') }}
    where
        basis = 'records'
        and period_type = 'month'
        and metric_code in ('{{ counts.values() | map('first') | unique | join("', '") }}')
),

measures as (
    select * from {{ ref('int_records__measures') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

figures as (
    select
        {{ period_keys() }},
        unit_code
        {%- for name, (metric_code, part) in counts.items() %},
        max(case when metric_code = '{{ metric_code }}' then {{ part }} end) as {{ name }}
        {%- endfor %}
    from scores
    group by {{ period_keys() }}, unit_code
),

final as (
    select
        headline.period_start as month_start,
        headline.as_of,
        headline.unit_code,
        headline.unit_level,
        headline.unit_type,
        headline.name_vi,
        units.province_code,
        provinces.name_vi as province_name_vi,
        provinces.name_en as province_name_en,
        headline.dossiers_received,
        figures.dossiers_with_deadline,
        figures.timely,
        headline.early,
        headline.on_time,
        headline.within_time,
        headline.overdue,
        headline.no_deadline,
        -- The indicator of filing divides by more (DOSSIERS_FILED_ONLINE); the figure of a report by these.
        case when measures.filed_online is not null then measures.dossiers_filed end as dossiers_filed,
        measures.filed_online
        {%- for name in counts if name not in ('dossiers_with_deadline', 'timely') %},
        figures.{{ name }}
        {%- endfor %},
        headline.contains_synthetic
    from headline
    inner join units
        on
            headline.unit_code = units.unit_code
            and {{ unit_on('units', 'headline.as_of') }}
    inner join units as provinces
        on
            units.province_code = provinces.unit_code
            and {{ unit_on('provinces', 'headline.as_of') }}
    left join figures
        on
            {{ same_period('headline', 'figures') }}
            and headline.unit_code = figures.unit_code
    left join measures
        on
            {{ same_period('headline', 'measures') }}
            and headline.unit_code = measures.unit_code
)

select * from final
{% endmacro %}
