-- Grain: one row per capture, period key, unit level and parent: are its figures new, seen again, or earlier ones?
with capture_units as (
    select * from {{ ref('int_portal__capture_units') }}
),

refreshing as (
    select * from {{ ref('stg_portal__deliveries') }}
    where is_refreshing
),

captures as (
    select
        {{ period_keys() }},
        capture_key,
        unit_level,
        parent_unit_code,
        is_captured_after_end,
        min(observed_at) as observed_at,
        count(*) as units,
        sum(case when has_detail then 1 else 0 end) as units_in_detail,
        max(case when is_listed then 1 else 0 end) as has_list,
        sum(cast(figures as decimal(38, 0))) as figures
    from capture_units
    group by {{ period_keys() }}, capture_key, unit_level, parent_unit_code, is_captured_after_end
),

-- The answers of single groups belong to the list of the nation that was captured with them. Where that was refused,
-- nobody knows of which moment they are.
with_list as (
    select
        *,
        case
            when unit_level = 'province' then has_list = 1
            else max(has_list) over (partition by capture_key, period_type, period_start) = 1
        end as is_of_a_list
    from captures
),

-- What was captured after a period ended is final, and so never the same as what was captured before. Whoever captured:
-- figures of one sender after others of another one are news.
in_order as (
    select
        *,
        lag(figures) over (
            partition by
                basis, regime, period_type, period_start, period_end, unit_level, parent_unit_code,
                is_captured_after_end
            order by observed_at, capture_key
        ) as figures_before,
        lag(observed_at) over (
            partition by
                basis, regime, period_type, period_start, period_end, unit_level, parent_unit_code,
                is_captured_after_end
            order by observed_at, capture_key
        ) as observed_before_at,
        row_number() over (
            partition by
                basis, regime, period_type, period_start, period_end, unit_level, parent_unit_code,
                is_captured_after_end, figures
            order by observed_at, capture_key
        ) as times_seen
    from with_list
    where is_of_a_list
),

-- Between the two the portal showed other figures, in a capture that was refused because it was refreshing them.
refreshed_between as (
    select distinct
        in_order.capture_key,
        in_order.period_type,
        in_order.period_start,
        in_order.unit_level
    from in_order
    inner join refreshing
        on
            in_order.unit_level = 'province'
            and in_order.observed_before_at < refreshing.observed_at
            and in_order.observed_at > refreshing.observed_at
),

compared as (
    select
        in_order.*,
        coalesce(
            in_order.figures = in_order.figures_before and refreshed_between.capture_key is null, false
        ) as is_unchanged
    from in_order
    left join refreshed_between
        on
            in_order.capture_key = refreshed_between.capture_key
            and in_order.period_type = refreshed_between.period_type
            and in_order.period_start = refreshed_between.period_start
            and in_order.unit_level = refreshed_between.unit_level
),

-- A capture is seen again as a whole: what changed in one of its lists shows that the others were looked at as well.
judged as (
    select
        *,
        min(case when is_unchanged then 1 else 0 end) over (
            partition by capture_key, period_type, period_start
        ) = 1 as is_repeat
    from compared
),

final as (
    select
        {{ period_keys() }},
        capture_key,
        unit_level,
        parent_unit_code,
        observed_at,
        units,
        units_in_detail,
        case
            when is_repeat then 'seen_again'
            when times_seen > 1 and not is_unchanged then 'went_back'
            else 'observation'
        end as capture_status
    from judged
    union all
    select
        {{ period_keys() }},
        capture_key,
        unit_level,
        parent_unit_code,
        observed_at,
        units,
        units_in_detail,
        'without_list' as capture_status
    from with_list
    where not is_of_a_list
)

select * from final
