-- Grain: one row per agency, sender and known defect that occurs in it.
{%- set defects = {
    'status_exported_as_finished': 'is_not_finished',
    'status_behind_progress': 'is_behind_progress',
    'submission_copied_repaired': 'is_submission_copied',
    'submission_equals_receipt': 'is_submission_equal',
    'submitted_file_as_result': 'has_copied_result',
    'cash_marked_as_paid_online': 'is_cash_marked_online',
    'ended_without_moment': 'is_end_without_moment',
    'end_after_delivery': 'is_end_after_delivery',
    'end_before_receipt': 'is_end_before_receipt',
    'due_before_receipt': 'is_due_before_receipt',
    'no_deadline': 'is_without_deadline',
    'unknown_procedure': 'is_unknown_procedure',
    'unknown_unit': 'is_unknown_unit',
    'vneid_flag_constant': 'has_constant_vneid_flag',
    'database_code_constant': 'has_constant_database_code',
} %}
{%- set of_systems_and_units = ['is_unknown_unit', 'has_constant_vneid_flag', 'has_constant_database_code'] %}
with outcomes as (
    select * from {{ ref('fct_dossier') }}
    where filed_date is not null
),

synthetic as (
    select * from {{ ref('int_deliveries__synthetic') }}
    where basis = 'records'
),

units as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

by_agency as (
    select
        agency_code,
        sender,
        count(*) as dossiers_checked,
        {% for flag in defects.values() if flag not in of_systems_and_units -%}
            count(case when {{ flag }} then 1 end) as {{ flag }},
        {% endfor -%}
        max(case when is_vneid_verified then 1 else 0 end) as most_vneid_verified,
        count(only_database_code) as with_one_database_code,
        min(only_database_code) as least_database_code,
        max(only_database_code) as most_database_code
    from outcomes
    group by agency_code, sender
),

-- A flag that never varies in a whole system says nothing of a dossier.
systems as (
    select
        sender,
        sum(dossiers_checked) >= {{ var('constant_flag_minimum_dossiers') }} and max(most_vneid_verified) = 0
            as has_constant_vneid_flag,
        sum(with_one_database_code) >= {{ var('constant_flag_minimum_dossiers') }}
        and min(least_database_code) = max(most_database_code) as has_constant_database_code
    from by_agency
    group by sender
),

counted as (
    select
        by_agency.*,
        units.unit_code,
        case when coalesce(units.resolution, 'unknown') = 'unknown' then by_agency.dossiers_checked else 0 end
            as is_unknown_unit,
        case when systems.has_constant_vneid_flag then by_agency.dossiers_checked else 0 end as has_constant_vneid_flag,
        case when systems.has_constant_database_code then by_agency.with_one_database_code else 0 end
            as has_constant_database_code
    from by_agency
    inner join systems
        on by_agency.sender = systems.sender
    left join units
        on by_agency.agency_code = units.agency_code
),

listed as (
    {% for defect, flag in defects.items() %}
        select
            agency_code,
            sender,
            unit_code,
            '{{ defect }}' as defect,
            {{ flag }} as dossiers,
            dossiers_checked
        from counted
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        listed.agency_code,
        listed.sender,
        listed.sender as system, -- its name until 28 November 2026
        listed.defect,
        cast(listed.dossiers as bigint) as dossiers,
        cast(listed.dossiers as double) / listed.dossiers_checked as share,
        cast(listed.dossiers_checked as bigint) as dossiers_checked,
        listed.unit_code,
        synthetic.contains_synthetic
    from listed
    cross join synthetic
    where listed.dossiers > 0
)

select * from final
