-- The table that `suites/hold__province_moves.yml` judges and whose bounds it names: one row per period and province that
-- are in the build and in what is served. Run by `drift.py`, which attaches both and binds the approved holds.
{% set keys = "basis, regime, period_type, period_start, period_end" %}
create or replace table province_moves as
with bounds(state, most_points, most_places) as (
    values
        ('closed', {{ closed_points }}, {{ closed_places }}),
        ('open', {{ open_points }}, {{ open_places }})
),

before as (
    select * from served.marts.mart_province_ranking
    qualify as_of = max(as_of) over (partition by {{ keys }})
),

now as (
    select * from build.marts.mart_province_ranking
    qualify as_of = max(as_of) over (partition by {{ keys }})
),

paired as (
    select
        {{ keys }}, unit_code, now.name_vi, before.as_of as as_of_before, now.as_of as as_of_now,
        before.total_score as score_before, now.total_score as score_now,
        before.rank as rank_before, now.rank as rank_now, before.release_id as served_release,
        case
            when before.as_of >= period_end then 'closed'
            when period_type in ('year_to_date', 'window') and before.as_of - period_start >= {{ young_days }} then 'open'
        end as state
    from before inner join now using ({{ keys }}, unit_code)
),

judged as (
    select
        paired.*, (score_now - score_before)::double as points, (rank_before - rank_now)::integer as places,
        most_points, most_places,
        -- A province that loses or gains its rank altogether has moved as far as one can.
        coalesce(
            abs(points) > most_points or abs(places) > most_places or (rank_now is null) <> (rank_before is null), false
        ) as is_beyond
    from paired left join bounds using (state)
),

named as (
    select left(sha256(any_value(served_release) || coalesce(string_agg(
        concat_ws(' ', {{ keys }}, unit_code, score_now, rank_now), ',' order by {{ keys }}, unit_code
    ) filter (is_beyond), '')), 12) as hold
    from judged
)

select judged.*, named.hold, list_contains($approved, named.hold) as is_approved
from judged cross join named
order by is_beyond desc, abs(points) desc nulls first, {{ keys }}, unit_code
