-- Grain: one row per period key and unit: every count that an indicator on the basis `records` is made of.
{#- Of a dossier the catalogue says whether its result is on paper, and whether there is anything to pay. -#}
{%- set rests_on_procedures = ['filed_online', 'with_obligation', 'paid_online'] %}
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
    select * from {{ ref('core_units__listed') }}
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

delivered as (
    select * from {{ ref('int_records__delivered') }}
),

-- Of which sources a unit has figures.
sources as (
    select
        period_id,
        unit_code,
        {% for source_name in [
            'dossiers', 'petitions', 'procedures', 'publication_decisions', 'national_report_totals', 'unit_catalogue'
        ] -%}
            bool_or(source = '{{ source_name }}' and is_delivered) as has_{{ source_name }},
        {% endfor -%}
        bool_or(is_event_feed and is_delivered) as has_any
    from delivered
    group by period_id, unit_code
),

-- A province has figures when anything of it came: then it and every unit below it have, zeros among them. One of
-- which nothing came is missing, which is not zero.
heard as (
    select distinct
        sources.period_id,
        coalesce(units.province_code, 'VN') as province_code
    from sources
    inner join units
        on sources.unit_code = units.unit_code
    where sources.has_any
),

frame as (
    select
        periods.*,
        units.unit_code,
        units.unit_level,
        units.province_code,
        -- Without a catalogue no dossier leads to a unit below the province: its zeros would be nobody's.
        sources.has_dossiers
        and (units.unit_level in ('nation', 'province') or sources.has_unit_catalogue) as has_dossiers,
        sources.has_petitions,
        sources.has_procedures,
        sources.has_national_report_totals,
        of_province.has_publication_decisions,
        of_province.has_unit_catalogue
    from sources
    inner join periods
        on sources.period_id = periods.period_id
    inner join units
        on sources.unit_code = units.unit_code
    inner join heard
        on
            sources.period_id = heard.period_id
            and coalesce(units.province_code, 'VN') = heard.province_code
    inner join sources as of_province
        on
            sources.period_id = of_province.period_id
            and coalesce(units.province_code, 'VN') = of_province.unit_code
),

-- What is not measured below the province is carried from there. Nothing delivered is 0 only where something was.
final as (
    select
        frame.period_id,
        {{ period_keys('frame') }},
        frame.unit_code,
        frame.unit_level,
        frame.province_code,
        {% for count in dossier_measures() -%}
            case
                when frame.has_dossiers {%- if count in rests_on_procedures %} and frame.has_procedures {%- endif %}
                    then coalesce(dossiers.{{ count }}, 0)
            end as {{ count }},
        {% endfor -%}
        {% for count in petition_counts -%}
            case when frame.has_petitions then coalesce(petitions.{{ count }}, 0) end as {{ count }},
        {% endfor -%}
        {% for count in procedure_counts -%}
            case when frame.has_procedures then coalesce(procedures.{{ count }}, 0) end as {{ count }},
        {% endfor -%}
        {% for count in publication_counts -%}
            case when frame.has_publication_decisions then coalesce(publications.{{ count }}, 0) end as {{ count }},
        {% endfor -%}
        case when frame.has_unit_catalogue then coalesce(certified_copies.communes, 0) end as communes,
        case when frame.has_unit_catalogue then coalesce(certified_copies.communes_with_certified_copies, 0) end
            as communes_with_certified_copies,
        -- The larger of both; with neither, what last year makes likely; without that, nothing to compare with.
        case
            when not (frame.has_dossiers and frame.has_national_report_totals) then null
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
