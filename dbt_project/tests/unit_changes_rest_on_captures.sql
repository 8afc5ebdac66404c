-- A change without its day, or with another than its captures give (docs/adr/0031): the day that the first capture with
-- the new name describes, observed if the last one with the former name describes the day before. What a text dates
-- needs no capture.
with changes as (
    select
        *,
        cast({{ hours_before('former_seen_at', var('portal_day_starts_at_hour')) }} as date) as former_day,
        cast({{ hours_before('first_seen_at', var('portal_day_starts_at_hour')) }} as date) as first_day
    from {{ ref('unit_changes') }}
)

select *
from changes
where
    not coalesce(valid_from > cast('{{ var("two_level_government_since") }}' as date), false)
    or date_certainty <> 'documented' and not coalesce(
        former_seen_at < first_seen_at
        and valid_from = first_day
        and (date_certainty = 'observed') = (former_day = {{ day_before('first_day') }}),
        false
    )
