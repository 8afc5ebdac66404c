-- Grain: one row per department and validity: when it is a unit, and what it is called.
{%- set since -%} cast('{{ var("two_level_government_since") }}' as date) {%- endset %}
with provinces as (
    select * from {{ ref('provinces') }}
),

unit_changes as (
    select * from {{ ref('unit_changes') }}
),

shown as (
    select * from {{ ref('core_units__captured') }}
    where unit_level = 'department'
),

shown_as_another as (
    select * from {{ ref('core_units__captured') }}
    where unit_level <> 'department'
),

catalogue as (
    select * from {{ ref('core_units__catalogue') }}
    where unit_level = 'department'
),

validities as (
    select * from {{ ref('core_units__validities') }}
    where unit_level = 'department' and coalesce(valid_to, {{ since }}) >= {{ since }}
),

-- A code that a payload shows for another unit is left to the payload, one that is a commune's by now to the commune.
catalogued as (
    select
        validities.agency_code,
        provinces.province_code,
        validities.name_vi,
        greatest(validities.valid_from, {{ since }}) as valid_from,
        validities.valid_to
    from validities
    inner join catalogue
        on validities.agency_code = catalogue.agency_code
    inner join provinces
        on validities.province_agency_code = provinces.agency_code
    left join shown_as_another
        on validities.agency_code = shown_as_another.agency_code
    where shown_as_another.agency_code is null
),

followed as (
    select
        *,
        row_number() over (partition by agency_code order by valid_from) as validity_no,
        lead(valid_from) over (partition by agency_code order by valid_from) as next_valid_from
    from catalogued
),

-- The portal's newest name is that of the validity in which it was last shown. What the portal alone knows has no days.
dated as (
    select
        followed.agency_code,
        followed.province_code,
        case
            when
                shown.last_shown_on >= followed.valid_from
                and shown.last_shown_on < coalesce(followed.next_valid_from, cast('9999-12-31' as date))
                then shown.name_vi
            else followed.name_vi
        end as name_vi,
        followed.valid_from,
        followed.valid_to,
        followed.next_valid_from,
        followed.validity_no,
        case
            when followed.validity_no = 1 and shown.first_shown_on is not null
                then greatest(shown.first_shown_on, {{ since }})
        end as first_shown_on,
        shown.last_shown_on,
        true as is_catalogued
    from followed
    left join shown
        on followed.agency_code = shown.agency_code
    union all
    select
        shown.agency_code,
        shown.province_code,
        shown.name_vi,
        {{ since }} as valid_from,
        cast(null as date) as valid_to,
        cast(null as date) as next_valid_from,
        1 as validity_no,
        cast(null as date) as first_shown_on,
        shown.last_shown_on,
        false as is_catalogued
    from shown
    left join followed
        on shown.agency_code = followed.agency_code
    where followed.agency_code is null
),

province_names as (
    select
        province_code,
        name_vi
    from provinces
    union
    select
        provinces.province_code,
        unit_changes.name_vi
    from unit_changes
    inner join provinces
        on unit_changes.unit_code = provinces.province_code
),

-- The portal adds the province's name, today's or an earlier one; another table holds it.
called as (
    select
        dated.agency_code,
        dated.validity_no,
        {{ without_province_shown('dated.name_vi', 'province_names.name_vi') }} as name_vi
    from dated
    inner join province_names
        on dated.province_code = province_names.province_code
),

shortest_names as (
    select
        *,
        row_number() over (
            partition by agency_code, validity_no
            order by length(name_vi) asc, name_vi asc
        ) as preference
    from called
),

-- The portal may show a department on days that its catalogue leaves out. It has a name on these, so that what is
-- published stands: `named_from` to `named_to` holds them, the validity, by which records are counted, does not.
final as (
    select
        dated.agency_code,
        dated.province_code,
        shortest_names.name_vi,
        dated.valid_from,
        dated.valid_to,
        least(dated.valid_from, dated.first_shown_on) as named_from,
        case
            when dated.last_shown_on > dated.valid_to
                then least(dated.last_shown_on, {{ day_before('dated.next_valid_from') }})
            else dated.valid_to
        end as named_to,
        case
            when not dated.is_catalogued then 'assumed'
            when dated.first_shown_on < dated.valid_from then 'bounded'
            else 'catalogued'
        end as valid_from_certainty,
        dated.next_valid_from is null as is_newest
    from dated
    inner join shortest_names
        on
            dated.agency_code = shortest_names.agency_code
            and dated.validity_no = shortest_names.validity_no
            and shortest_names.preference = 1
)

select * from final
