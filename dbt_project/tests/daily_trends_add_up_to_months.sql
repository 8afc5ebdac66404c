-- Metrics of a month of which the days of the trend add up to something else than the month itself: one is not defined
-- as the other. What is open may have become late since the month ended: of such metrics only the denominator is
-- compared.
with months as (
    select * from {{ ref('mart_indicator_scores') }}
    where basis = 'records' and period_type = 'month' and unit_level = 'province' and score_reason is null
),

days as (
    select * from {{ ref('mart_daily_trend_records') }}
    where unit_level = 'province'
),

added_up as (
    select
        months.unit_code,
        months.metric_code,
        months.period_start,
        months.numerator,
        months.denominator,
        sum(days.numerator) as numerator_of_days,
        sum(days.denominator) as denominator_of_days,
        max(days.counted_date) as last_date
    from months
    inner join days
        on
            months.regime = days.regime
            and months.unit_code = days.unit_code
            and months.metric_code = days.metric_code
            and days.counted_date between months.period_start and months.period_end
    where months.as_of = months.period_end
    group by months.unit_code, months.metric_code, months.period_start, months.numerator, months.denominator
)

select * from added_up
where
    last_date = last_day(period_start)
    and (
        denominator <> denominator_of_days
        or (
            numerator <> numerator_of_days
            and metric_code not in (
                'ON_TIME_SETTLEMENT', 'DOSSIER_RECEIVING_SATISFACTION',
                'PETITION_PROCESSING_ON_TIME', 'PETITION_HANDLING_SATISFACTION'
            )
        )
    )
