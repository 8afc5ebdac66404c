-- Grain: one row per period key: each period that is scored, as far as its figures go.
with periods as (
    select
        {{ period_keys() }}
    from {{ ref('int_records__periods') }}
    union
    select
        {{ period_keys() }}
    from {{ ref('int_portal__unit_snapshots') }}
),

synthetic as (
    select * from {{ ref('int_deliveries__synthetic') }}
),

named as (
    select
        {{ period_keys('periods') }},
        {{ period_id('periods') }} as period_id,
        case periods.period_type
            when 'month' then 'Tháng ' || substr({{ day_vi('periods.period_start') }}, 4)
            when 'quarter'
                then
                    'Quý ' || cast(extract(quarter from periods.period_start) as string)
                    || substr({{ day_vi('periods.period_start') }}, 6)
            when 'year_to_date' then 'Năm ' || substr({{ day_vi('periods.period_start') }}, 7)
            else 'Từ ' || {{ day_vi('periods.period_start') }} || ' đến ' || {{ day_vi('periods.period_end') }}
        end as name_vi,
        case periods.period_type
            when 'month' then {{ month_en('periods.period_start') }}
            when 'quarter'
                then
                    'Quarter ' || cast(extract(quarter from periods.period_start) as string) || ' of '
                    || substr({{ day_vi('periods.period_start') }}, 7)
            when 'year_to_date' then 'Year ' || substr({{ day_vi('periods.period_start') }}, 7)
            else {{ day_en('periods.period_start') }} || ' to ' || {{ day_en('periods.period_end') }}
        end as name_en,
        periods.as_of >= periods.period_end as is_over,
        row_number() over (
            partition by periods.basis, periods.period_type
            order by periods.period_end desc, periods.as_of desc, periods.period_start desc
        ) as newest,
        synthetic.contains_synthetic
    from periods
    inner join synthetic
        on periods.basis = synthetic.basis
),

final as (
    select
        {{ period_keys() }},
        period_id,
        name_vi || case when is_over then '' else ', đến ' || {{ day_vi('as_of') }} end as label_vi,
        name_en || case when is_over then '' else ', up to ' || {{ day_en('as_of') }} end as label_en,
        newest = 1 as is_latest,
        is_over,
        contains_synthetic
    from named
)

select * from final
