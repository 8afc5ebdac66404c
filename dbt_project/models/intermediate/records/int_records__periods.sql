-- Grain: one row per period that the delivered dossiers allow to be scored.
with deliveries as (
    select * from {{ ref('stg_exchange__deliveries') }}
    where source = 'dossiers' and is_delivered
),

outcomes as (
    select * from {{ ref('fct_dossier') }}
),

calendar as (
    select * from {{ ref('dim_calendar') }}
),

windows as (
    select * from {{ ref('reporting_windows') }}
),

regimes as (
    select * from {{ ref('regimes') }}
),

-- The data go as far as the newest delivery, unless someone asks for an earlier day.
newest as (
    select coalesce(cast(nullif('{{ var("as_of") }}', '') as date), max(delivery_date)) as newest_date
    from deliveries
),

received as (
    select
        min(filed_date) as first_date,
        max(filed_date) as last_date
    from outcomes
),

candidates as (
    select distinct
        'month' as period_type,
        month_start as period_start,
        last_day(month_start) as period_end
    from calendar
    union all
    select
        'quarter' as period_type,
        quarter_start as period_start,
        max(calendar_date) as period_end
    from calendar
    group by quarter_start
    union all
    select
        'year_to_date' as period_type,
        year_start as period_start,
        max(calendar_date) as period_end
    from calendar
    group by year_start
    union all
    select
        'window' as period_type,
        window_start as period_start,
        window_end as period_end
    from windows
),

-- A closed period is observed at its end, an open one at the newest day.
observed as (
    select
        candidates.*,
        least(candidates.period_end, newest.newest_date) as as_of
    from candidates
    cross join newest
    cross join received
    where
        candidates.period_start <= newest.newest_date
        and candidates.period_end >= received.first_date
        -- An old log that is delivered today says nothing of this year.
        and candidates.period_start <= received.last_date
),

ruled as (
    select
        'records' as basis,
        regimes.regime,
        observed.period_type,
        observed.period_start,
        observed.period_end,
        observed.as_of
    from observed
    inner join regimes
        on
            observed.period_start >= regimes.valid_from
            and observed.as_of <= coalesce(regimes.valid_to, cast('9999-12-31' as date))
),

final as (
    select
        {{ period_id('ruled') }} as period_id,
        {{ period_keys('ruled') }}
    from ruled
)

select * from final
