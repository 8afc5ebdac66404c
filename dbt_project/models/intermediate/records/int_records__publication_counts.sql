-- Grain: one row per period and province or nation: procedures announced, due for publication, and published.
with periods as (
    select * from {{ ref('int_records__periods') }}
),

publications as (
    select * from {{ ref('int_publications__procedures') }}
),

procedures as (
    select * from {{ ref('dim_procedure') }}
    where has_all_parts
),

ancestors as (
    select * from {{ ref('bridge_unit_rollup') }}
),

-- A procedure in several decisions counts once, and one late decision makes it late.
by_procedure as (
    select
        periods.period_id,
        periods.as_of,
        publications.province_code,
        publications.procedure_code,
        max(case when publications.decision_date between periods.period_start and periods.as_of then 1 end)
            as announced,
        min(
            case
                when publications.decision_date not between periods.period_start and periods.as_of then null
                when publications.is_announced_on_time then 1
                else 0
            end
        ) as announced_on_time,
        max(case when publications.publish_by_date between periods.period_start and periods.as_of then 1 end)
            as due,
        min(
            case
                when publications.publish_by_date not between periods.period_start and periods.as_of then null
                when publications.is_published_on_time then 1
                else 0
            end
        ) as published_on_time,
        max(
            case
                when
                    publications.published_date between periods.period_start and periods.as_of
                    and publications.kind <> 'abolished'
                    then 1
            end
        ) as published
    from periods
    inner join publications
        on
            periods.as_of >= publications.decision_date
            and periods.period_start
            <= greatest(publications.decision_date, publications.publish_by_date, publications.published_date)
    group by periods.period_id, periods.as_of, publications.province_code, publications.procedure_code
),

final as (
    select
        by_procedure.period_id,
        ancestors.ancestor_code as unit_code,
        cast(count(by_procedure.announced) as bigint) as procedures_announced,
        cast(coalesce(sum(by_procedure.announced_on_time), 0) as bigint) as procedures_announced_on_time,
        cast(count(by_procedure.due) as bigint) as procedures_due,
        cast(coalesce(sum(by_procedure.published_on_time), 0) as bigint) as procedures_published_on_time,
        cast(count(by_procedure.published) as bigint) as procedures_published,
        -- With all its parts in the catalogue as it was on the day observed.
        count(case when by_procedure.published = 1 then procedures.procedure_code end) as procedures_published_in_full
    from by_procedure
    left join procedures
        on
            by_procedure.procedure_code = procedures.procedure_code
            and {{ valid_on('procedures', 'by_procedure.as_of') }}
    inner join ancestors
        on by_procedure.province_code = ancestors.unit_code
    group by by_procedure.period_id, ancestors.ancestor_code
)

select * from final
