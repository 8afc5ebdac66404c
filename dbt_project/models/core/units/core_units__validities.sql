-- Grain: one row per agency code and validity that the unit catalogue gives it; no two of one code share a day.
with unit_catalogue as (
    select * from {{ ref('stg_exchange__unit_catalogue') }}
),

preceding as (
    select
        *,
        min(precedence) over (partition by agency_code) as leading_precedence
    from unit_catalogue
),

-- What was delivered last of a validity holds: that it ended is said after it began.
numbered as (
    select
        *,
        row_number() over (
            partition by agency_code, valid_from
            order by delivery_date desc, coalesce(valid_to, cast('9999-12-31' as date)) desc, content_id asc
        ) as preference
    from preceding
    where precedence = leading_precedence
),

-- One that begins ends the one before, whether a catalogue says so or not.
followed as (
    select
        *,
        lead(valid_from) over (partition by agency_code order by valid_from) as next_valid_from
    from numbered
    where preference = 1
),

final as (
    select
        agency_code,
        name_vi,
        unit_level,
        parent_agency_code,
        state_code,
        valid_from,
        least(valid_to, {{ day_before('next_valid_from') }}) as valid_to,
        next_valid_from is null as is_newest,
        split_part(agency_code, '.', 1) as province_agency_code
    from followed
)

select * from final
