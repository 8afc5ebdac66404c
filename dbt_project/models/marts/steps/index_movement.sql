-- Grain: one row per period key and unit: what it is compared with, and how it moved or why that cannot be said.
with ranked as (
    select * from {{ ref('index_ranked') }}
),

windows as (
    select * from {{ ref('reporting_windows') }}
),

named_baselines as (
    select
        windows.window_start,
        windows.window_end,
        baselines.window_start as baseline_start,
        baselines.window_end as baseline_end
    from windows
    inner join windows as baselines
        on windows.baseline_window = baselines.window_name
),

rankings as (
    select
        {{ period_keys('ranked') }},
        ranked.parent_unit_code,
        ranked.unit_level,
        named_baselines.baseline_start,
        named_baselines.baseline_end,
        max(ranked.peers) as peers
    from ranked
    left join named_baselines
        on
            ranked.period_type = 'window'
            and ranked.period_start = named_baselines.window_start
            and ranked.period_end = named_baselines.window_end
    group by
        {{ period_keys('ranked') }}, ranked.parent_unit_code, ranked.unit_level,
        named_baselines.baseline_start, named_baselines.baseline_end
),

-- The baseline of a window is the one named in `reporting_windows`; that of another period that fills up (year to
-- date, window) its latest earlier day; that of a month or a quarter the last day observed of the one before. Rules
-- and peers are compared below, not here: a baseline that exists and cannot be used is worth saying.
baseline_days as (
    select
        {{ period_keys('rankings') }},
        rankings.parent_unit_code,
        rankings.unit_level,
        rankings.baseline_start,
        rankings.baseline_end,
        max(earlier.as_of) as baseline_as_of
    from rankings
    inner join rankings as earlier
        on
            rankings.basis = earlier.basis
            and rankings.period_type = earlier.period_type
            and rankings.parent_unit_code = earlier.parent_unit_code
            and rankings.unit_level = earlier.unit_level
            and case
                when rankings.baseline_start is not null
                    then
                        rankings.baseline_start = earlier.period_start
                        and rankings.baseline_end = earlier.period_end
                when rankings.period_type in ('year_to_date', 'window')
                    then
                        rankings.period_start = earlier.period_start
                        and rankings.period_end = earlier.period_end
                        and rankings.as_of > earlier.as_of
                else earlier.period_end = {{ day_before('rankings.period_start') }}
            end
    group by
        {{ period_keys('rankings') }}, rankings.parent_unit_code, rankings.unit_level,
        rankings.baseline_start, rankings.baseline_end
),

baselines as (
    select
        baseline_days.*,
        earlier.regime as baseline_regime,
        earlier.period_start as baseline_period_start,
        earlier.period_end as baseline_period_end,
        earlier.peers as baseline_peers
    from baseline_days
    inner join rankings as earlier
        on
            baseline_days.basis = earlier.basis
            and baseline_days.period_type = earlier.period_type
            and baseline_days.parent_unit_code = earlier.parent_unit_code
            and baseline_days.unit_level = earlier.unit_level
            and baseline_days.baseline_as_of = earlier.as_of
            and case
                when baseline_days.baseline_start is not null
                    then
                        baseline_days.baseline_start = earlier.period_start
                        and baseline_days.baseline_end = earlier.period_end
                when baseline_days.period_type in ('year_to_date', 'window')
                    then
                        baseline_days.period_start = earlier.period_start
                        and baseline_days.period_end = earlier.period_end
                else earlier.period_end = {{ day_before('baseline_days.period_start') }}
            end
),

paired as (
    select
        ranked.*,
        baselines.baseline_as_of,
        baselines.baseline_regime,
        baselines.baseline_period_start,
        baselines.baseline_peers,
        previous.total_score as previous_score,
        previous.rank as previous_rank
    from ranked
    left join baselines
        on
            {{ same_period('ranked', 'baselines') }}
            and ranked.parent_unit_code = baselines.parent_unit_code
            and ranked.unit_level = baselines.unit_level
    left join ranked as previous
        on
            ranked.unit_code = previous.unit_code
            and baselines.basis = previous.basis
            and baselines.baseline_regime = previous.regime
            and baselines.period_type = previous.period_type
            and baselines.baseline_period_start = previous.period_start
            and baselines.baseline_period_end = previous.period_end
            and baselines.baseline_as_of = previous.as_of
),

-- The peers are the same when as many units stood then, stand now, and stand at both times.
peers_kept as (
    select
        {{ period_keys() }},
        parent_unit_code,
        unit_level,
        count(*) as peers_at_both_times
    from paired
    where rank is not null and previous_rank is not null
    group by {{ period_keys() }}, parent_unit_code, unit_level
),

explained as (
    select
        paired.*,
        case
            when paired.baseline_as_of is null then 'no earlier figures of this kind'
            when paired.regime <> paired.baseline_regime
                then 'not comparable: scored by ' || paired.baseline_regime || ' before'
            when paired.rank is null then 'not ranked now'
            when paired.previous_rank is null then 'not ranked at the baseline'
            when
                paired.peers <> paired.baseline_peers
                or paired.peers <> peers_kept.peers_at_both_times
                then 'not comparable: other peers at the baseline'
        end as movement_reason
    from paired
    left join peers_kept
        on
            {{ same_period('paired', 'peers_kept') }}
            and paired.parent_unit_code = peers_kept.parent_unit_code
            and paired.unit_level = peers_kept.unit_level
),

final as (
    select
        {{ period_keys() }},
        unit_code,
        unit_level,
        parent_unit_code,
        total_score,
        rank,
        peers,
        peers_expected,
        rank_reason,
        incomplete_sources,
        period_type || ' from ' || baseline_period_start || ' as of ' || baseline_as_of as baseline,
        case when movement_reason is null then previous_score end as previous_score,
        case when movement_reason is null then previous_rank end as previous_rank,
        movement_reason
    from explained
)

select * from final
