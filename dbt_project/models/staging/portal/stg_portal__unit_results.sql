-- Grain: one row per payload (file_hash) and unit of it.
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
),

final as (
    select
        file_hash,
        source_file,
        record_no,
        coalesce(precedence, 1) as precedence,
        period_type,
        period_start,
        period_end,
        -- A period that was already over is observed at its end; an open one on the day the capture describes.
        least(
            cast({{ hours_before('observed_at', var('portal_day_starts_at_hour')) }} as date),
            period_end
        ) as as_of,
        observed_at,
        cast(observed_at as date) > period_end as is_captured_after_end,
        unit_level,
        agency_code,
        parent_agency_code,
        expected_departments,
        expected_communes,
        -- `UBND` (People's Committee) is the office, not part of the unit's name.
        coalesce(short_name, regexp_replace(name_vi, '^UBND ', '')) as name_vi,
        name_vi as name_sent_vi,
        cast(official_total_score as decimal(6, 2)) as official_total_score,
        official_rank,
        group_scores,
        components,
        settlement,
        payment,
        metrics
    from decoded
)

select * from final
