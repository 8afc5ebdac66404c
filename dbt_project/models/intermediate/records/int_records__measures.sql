-- Grain: one row per period key and unit: every count that an indicator on the basis `records` is made of.
{%- set dossier_counts = [
    'dossiers_received', 'early', 'on_time', 'within_time', 'dossiers_ended', 'processing_seconds', 'dossiers_filed',
    'filed_online', 'with_obligation', 'paid_online', 'with_electronic_result', 'digitised', 'with_reused_data',
    'from_personal_store', 'with_population_data', 'cross_boundary', 'satisfied',
] %}
{%- set petition_counts = [
    'petitions', 'petitions_about_procedures', 'petitions_about_staff', 'petitions_on_time', 'petitions_satisfied',
] %}
{%- set procedure_counts = [
    'procedures_offered', 'procedures_online', 'online_with_dossiers', 'fee_procedures', 'fee_procedures_paid_online',
    'fee_procedures_synchronised', 'citizen_procedures', 'citizen_procedures_connected',
] %}
{%- set publication_counts = [
    'procedures_announced', 'procedures_announced_on_time', 'procedures_due', 'procedures_published_on_time',
    'procedures_published', 'procedures_published_in_full',
] %}
with periods as (
    select * from {{ ref('int_records__periods') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

dossiers as (
    select * from {{ ref('int_records__dossier_counts') }}
),

petitions as (
    select * from {{ ref('int_records__petition_counts') }}
),

procedures as (
    select * from {{ ref('int_records__procedure_counts') }}
),

publications as (
    select * from {{ ref('int_records__publication_counts') }}
),

certified_copies as (
    select * from {{ ref('int_records__certified_copies') }}
),

reported as (
    select * from {{ ref('int_records__reported_counts') }}
),

-- A province speaks when any dossier of it came: then it and every unit below it has figures, zeros among them.
-- A province that sent nothing is missing, which is not zero.
speaking as (
    select distinct
        dossiers.period_id,
        units.unit_code as province_code
    from dossiers
    inner join units
        on dossiers.unit_code = units.unit_code
    where dossiers.dossiers_filed > 0 and units.unit_level = 'province'
),

frame as (
    select
        periods.*,
        units.unit_code,
        units.unit_level,
        units.province_code
    from periods
    inner join units
        on {{ unit_on('units', 'periods.as_of') }}
    inner join speaking
        on
            periods.period_id = speaking.period_id
            and units.province_code = speaking.province_code
    union all
    select
        periods.*,
        units.unit_code,
        units.unit_level,
        units.province_code
    from periods
    inner join units
        on units.unit_level = 'nation'
    where periods.period_id in (select speaking.period_id from speaking)
),

-- What is not measured below the province is carried from there.
final as (
    select
        {{ period_keys('frame') }},
        frame.unit_code,
        frame.unit_level,
        {% for count in dossier_counts -%}
            coalesce(dossiers.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        {% for count in petition_counts -%}
            coalesce(petitions.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        {% for count in procedure_counts -%}
            coalesce(procedures.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        {% for count in publication_counts -%}
            coalesce(publications.{{ count }}, 0) as {{ count }},
        {% endfor -%}
        coalesce(certified_copies.communes, 0) as communes,
        coalesce(certified_copies.communes_with_certified_copies, 0) as communes_with_certified_copies,
        -- The larger of both; with neither, what last year makes likely; without that, nothing to compare with.
        case
            when coalesce(dossiers.dossiers_received, 0) > 0 or coalesce(reported.dossiers_reported, 0) > 0
                then greatest(coalesce(dossiers.dossiers_received, 0), coalesce(reported.dossiers_reported, 0))
            else nullif(reported.dossiers_last_year, 0)
        end as dossiers_to_synchronise,
        dossiers.newest_delivery_date
    from frame
    left join dossiers
        on
            frame.period_id = dossiers.period_id
            and frame.unit_code = dossiers.unit_code
    left join petitions
        on
            frame.period_id = petitions.period_id
            and frame.unit_code = petitions.unit_code
    left join procedures
        on
            frame.period_id = procedures.period_id
            and frame.unit_code = procedures.unit_code
    left join publications
        on
            frame.period_id = publications.period_id
            and coalesce(frame.province_code, frame.unit_code) = publications.unit_code
    left join certified_copies
        on
            frame.period_id = certified_copies.period_id
            and coalesce(frame.province_code, frame.unit_code) = certified_copies.unit_code
    left join reported
        on
            frame.period_id = reported.period_id
            and frame.unit_code = reported.unit_code
)

select * from final
