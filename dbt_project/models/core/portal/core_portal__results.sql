-- Grain: one row per payload and unit of it, over all procedures. Where the portal gives an id alone, with the code
-- that it has elsewhere.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
    where formality_id is null
),

group_scores as (
    select * from {{ ref('stg_portal__group_scores') }}
),

ids as (
    select * from {{ ref('core_portal__ids') }}
),

-- The code that an id had at the time of the capture, else the one before it, else the one after: ids are used again.
coded as (
    select
        unit_results.file_hash,
        unit_results.record_no,
        ids.agency_code,
        row_number() over (
            partition by unit_results.file_hash, unit_results.record_no
            order by
                (
                    unit_results.observed_at >= ids.first_seen_at and unit_results.observed_at <= ids.last_seen_at
                ) desc,
                (unit_results.observed_at >= ids.first_seen_at) desc,
                case when unit_results.observed_at >= ids.first_seen_at then ids.last_seen_at end desc nulls last,
                ids.first_seen_at asc, ids.agency_code asc
        ) as preference
    from unit_results
    inner join ids
        on unit_results.department_id = ids.department_id
    where unit_results.agency_code is null
),

provinces as (
    select
        unit_results.capture_key,
        unit_results.period_type,
        unit_results.period_start,
        unit_results.interface,
        unit_results.is_subject,
        unit_results.agency_code,
        group_scores.group_code,
        group_scores.official_score
    from unit_results
    inner join group_scores
        on
            unit_results.file_hash = group_scores.file_hash
            and unit_results.record_no = group_scores.record_no
    where unit_results.unit_level = 'province'
),

-- The portal refreshes in stages: an answer about a province whose group is not that of the list of the same capture is
-- of another moment. The list stands; the answer, with the units in it, is left out.
of_another_moment as (
    select distinct
        answers.capture_key,
        answers.period_type,
        answers.period_start,
        answers.interface,
        answers.agency_code
    from provinces as answers
    inner join provinces as lists
        on
            answers.capture_key = lists.capture_key
            and answers.period_type = lists.period_type
            and answers.period_start = lists.period_start
            and answers.agency_code = lists.agency_code
            and answers.group_code = lists.group_code
    where
        answers.is_subject
        and not lists.is_subject
        and abs(answers.official_score - lists.official_score) > {{ var('group_of_one_moment_tolerance') }}
),

final as (
    select
        unit_results.file_hash,
        unit_results.record_no,
        unit_results.capture_key,
        unit_results.precedence,
        unit_results.period_type,
        unit_results.period_start,
        unit_results.period_end,
        unit_results.as_of,
        unit_results.observed_at,
        unit_results.is_captured_after_end,
        coalesce(unit_results.interface, 'service-results') = 'service-results' and not unit_results.is_subject
            as is_listed,
        of_another_moment.agency_code is not null as is_of_another_moment,
        unit_results.unit_level,
        coalesce(unit_results.agency_code, coded.agency_code) as agency_code,
        unit_results.department_id,
        unit_results.parent_agency_code,
        unit_results.expected_departments,
        unit_results.expected_communes,
        unit_results.name_vi,
        unit_results.name_sent_vi,
        unit_results.official_total_score,
        -- The portal ranks the nation by total, ties by name, code point by code point, and without sharing a rank.
        coalesce(
            unit_results.official_rank,
            case
                when unit_results.is_whole_list and unit_results.official_total_score is not null
                    then
                        row_number() over (
                            partition by unit_results.file_hash, unit_results.unit_level
                            order by unit_results.official_total_score desc nulls last, unit_results.name_sent_vi asc
                        )
            end
        ) as official_rank,
        unit_results.settlement is not null as has_settlement
    from unit_results
    left join coded
        on
            unit_results.file_hash = coded.file_hash
            and unit_results.record_no = coded.record_no
            and coded.preference = 1
    left join of_another_moment
        on
            unit_results.capture_key = of_another_moment.capture_key
            and unit_results.period_type = of_another_moment.period_type
            and unit_results.period_start = of_another_moment.period_start
            and unit_results.interface = of_another_moment.interface
            and coalesce(unit_results.parent_agency_code, unit_results.agency_code) = of_another_moment.agency_code
)

select * from final
