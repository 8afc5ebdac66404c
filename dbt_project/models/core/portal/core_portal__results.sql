-- Grain: one row per payload and unit of it, over all procedures. Where the portal gives an id alone, with the code
-- that it has elsewhere.
with unit_results as (
    select * from {{ ref('stg_portal__unit_results') }}
    where formality_id is null
),

ids as (
    select * from {{ ref('core_portal__ids') }}
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
        unit_results.interface,
        unit_results.unit_level,
        coalesce(unit_results.agency_code, ids.agency_code) as agency_code,
        unit_results.department_id,
        unit_results.parent_agency_code,
        unit_results.expected_departments,
        unit_results.expected_communes,
        unit_results.name_vi,
        unit_results.name_sent_vi,
        unit_results.official_total_score,
        -- The portal ranks a whole list by total, ties by name, code point by code point, and without sharing a rank.
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
    left join ids
        on
            unit_results.agency_code is null
            and unit_results.department_id = ids.department_id
)

select * from final
