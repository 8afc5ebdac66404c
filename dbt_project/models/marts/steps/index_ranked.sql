-- Grain: one row per period key and unit: its total, its rank among its peers, and why it has none.
with index_scores as (
    select * from {{ ref('mart_index') }}
),

units as (
    select * from {{ ref('dim_unit') }}
),

lifetimes as (
    select * from {{ ref('core_units__lifetimes') }}
),

snapshots as (
    select * from {{ ref('int_portal__unit_snapshots') }}
),

scored as (
    select
        {{ period_keys('index_scores') }},
        index_scores.unit_code,
        index_scores.unit_level,
        units.parent_unit_code,
        index_scores.score as total_score
    from index_scores
    left join units
        on
            index_scores.unit_code = units.unit_code
            and {{ unit_on('units', 'index_scores.as_of') }}
    where index_scores.group_code = 'TOTAL'
),

-- Days on which any province was observed; a capture of one province's units observes none of its peers.
province_periods as (
    select distinct
        {{ period_keys() }}
    from scored
    where unit_level = 'province'
),

-- Missing is not zero, and not absent either: a province of which nothing came is shown, without total and rank.
silent_provinces as (
    select
        {{ period_keys('periods') }},
        units.unit_code,
        units.unit_level,
        units.parent_unit_code,
        cast(null as decimal(6, 2)) as total_score
    from province_periods as periods
    inner join units
        on
            units.unit_level = 'province'
            and {{ unit_on('units', 'periods.as_of') }}
    left join scored
        on
            {{ same_period('periods', 'scored') }}
            and units.unit_code = scored.unit_code
    where scored.unit_code is null
),

totals as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        parent_unit_code,
        total_score
    from scored
    union all
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        parent_unit_code,
        total_score
    from silent_provinces
),

missing_groups as (
    select
        {{ period_keys() }},
        unit_code,
        {{ comma_list('group_code') }} as group_codes
    from index_scores
    where group_code <> 'TOTAL' and score is null
    group by {{ period_keys() }}, unit_code
),

missing_sources as (
    select
        {{ period_keys() }},
        unit_code,
        {{ comma_list('source') }} as sources
    from {{ ref('int_records__missing') }}
    where is_scored
    group by {{ period_keys() }}, unit_code
),

-- What some peer has not delivered beyond the end of the period: until then, the period is not final for any of them.
incomplete_sources as (
    select
        {{ period_keys() }},
        parent_unit_code,
        unit_level,
        {{ comma_list('source') }} as sources
    from {{ ref('int_records__delivered') }}
    where is_scored_on and not is_complete
    group by {{ period_keys() }}, parent_unit_code, unit_level
),

-- How many peers there should be: what the source says of a province, else what the lists hold on the day observed.
-- Of departments the portal's payloads are no list; records come with the unit catalogue, which is one.
announced_peers as (
    select
        {{ period_keys() }},
        province_code as parent_unit_code,
        unit_level,
        max(case unit_level when 'department' then expected_departments else expected_communes end) as units_expected
    from snapshots
    where unit_level <> 'province'
    group by {{ period_keys() }}, province_code, unit_level
),

days as (
    select distinct as_of
    from index_scores
),

listed_peers as (
    select
        days.as_of,
        lifetimes.parent_unit_code,
        lifetimes.unit_level,
        count(*) as units_expected
    from days
    inner join lifetimes
        on {{ unit_on('lifetimes', 'days.as_of') }}
    group by days.as_of, lifetimes.parent_unit_code, lifetimes.unit_level
),

-- Peers are units of one level under one parent. A unit without a total is no peer.
peers as (
    select
        {{ period_keys() }},
        parent_unit_code,
        unit_level,
        count(total_score) as peers
    from totals
    group by {{ period_keys() }}, parent_unit_code, unit_level
),

-- The nation has no peers.
ranks as (
    select
        {{ period_keys() }},
        unit_code,
        rank() over (
            partition by {{ period_keys() }}, parent_unit_code, unit_level
            order by total_score desc
        ) as rank,
        min(total_score) over (
            partition by {{ period_keys() }}, parent_unit_code, unit_level
            order by total_score
            range between {{ var('smallest_score_step') }} following and unbounded following
        ) as next_total
    from totals
    where total_score is not null and unit_level <> 'nation'
),

final as (
    select
        {{ period_keys('totals') }},
        totals.unit_code,
        totals.unit_level,
        totals.parent_unit_code,
        totals.total_score,
        ranks.rank,
        ranks.next_total,
        peers.peers,
        coalesce(announced_peers.units_expected, listed_peers.units_expected) as peers_expected,
        case
            when totals.total_score is null
                then
                    coalesce('no figure for ' || missing_groups.group_codes, 'nothing was delivered')
                    || coalesce(' (not_delivered: ' || missing_sources.sources || ')', '')
            when totals.unit_level = 'nation' then 'the nation has no peers'
        end as rank_reason,
        incomplete_sources.sources as incomplete_sources
    from totals
    left join ranks
        on
            {{ same_period('totals', 'ranks') }}
            and totals.unit_code = ranks.unit_code
    left join peers
        on
            {{ same_period('totals', 'peers') }}
            and totals.parent_unit_code = peers.parent_unit_code
            and totals.unit_level = peers.unit_level
    left join announced_peers
        on
            {{ same_period('totals', 'announced_peers') }}
            and totals.parent_unit_code = announced_peers.parent_unit_code
            and totals.unit_level = announced_peers.unit_level
    left join listed_peers
        on
            totals.as_of = listed_peers.as_of
            and totals.parent_unit_code = listed_peers.parent_unit_code
            and totals.unit_level = listed_peers.unit_level
            and (totals.unit_level <> 'department' or totals.basis = 'records')
    left join missing_groups
        on
            {{ same_period('totals', 'missing_groups') }}
            and totals.unit_code = missing_groups.unit_code
    left join missing_sources
        on
            {{ same_period('totals', 'missing_sources') }}
            and totals.unit_code = missing_sources.unit_code
    left join incomplete_sources
        on
            {{ same_period('totals', 'incomplete_sources') }}
            and totals.parent_unit_code = incomplete_sources.parent_unit_code
            and totals.unit_level = incomplete_sources.unit_level
)

select * from final
