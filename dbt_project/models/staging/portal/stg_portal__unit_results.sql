-- Grain: one row per payload (file_hash) and unit of it. The nation, of which an answer of the interface has a row as
-- well, is no unit that is scored.
with source as (
    select * from {{ source('portal', 'portal_service_results') }}
),

decoded as (
    select
        *,
        {{ local_time('extracted_at') }} as observed_at,
        case time_type
            when 'year' then 'year_to_date'
            else time_type
        end as period_type,
        case time_type
            when 'month' then make_date(year, month, 1)
            when 'quarter' then make_date(year, 3 * quarter - 2, 1)
            else make_date(year, 1, 1)
        end as period_start,
        case time_type
            when 'month' then last_day(make_date(year, month, 1))
            when 'quarter' then last_day(make_date(year, 3 * quarter, 1))
            else make_date(year, 12, 31)
        end as period_end,
        case
            when parent_agency_code is null then 'province'
            when child_group = 'AGENCY' then 'department'
            when child_group = 'COMMUNE' then 'commune'
        end as unit_level
    from source
    where not (coalesce(is_subject, false) and scope = 'Provinces')
),

final as (
    select
        file_hash,
        source_file,
        record_no,
        -- What the interface answered in one go is one capture; any other file is one by itself.
        coalesce(
            sender || ' ' || cast({{ local_time('capture_at') }} as string), file_hash
        ) as capture_key,
        interface,
        formality_id,
        coalesce(is_subject, false) as is_subject,
        scope = 'Provinces' as is_whole_list,
        department_id,
        coalesce(precedence, 1) as precedence,
        period_type,
        period_start,
        period_end,
        -- A period that was already over is observed at its end; an open one on the day the capture describes, but on
        -- its first day at the earliest: what is captured on it before offices open is of no period before.
        greatest(
            least(
                cast({{ hours_before('observed_at', var('portal_day_starts_at_hour')) }} as date),
                period_end
            ),
            period_start
        ) as as_of,
        observed_at,
        cast(observed_at as date) > period_end as is_captured_after_end,
        unit_level,
        agency_code,
        parent_agency_code,
        expected_departments,
        expected_communes,
        -- `UBND` (People's Committee) is the office, not part of the unit's name.
        coalesce(short_name, regexp_replace(name_vi, '^UBND ', ''), agency_code) as name_vi,
        -- What an answer is about may come without a name.
        coalesce(name_vi, agency_code) as name_sent_vi,
        cast(official_total_score as decimal(6, 2)) as official_total_score,
        official_rank,
        group_scores,
        components,
        settlement,
        payment,
        fee_data_formalities,
        online,
        metrics
    from decoded
)

select * from final
