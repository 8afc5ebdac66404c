-- Provinces whose first delivery was of dossiers received long before it (`late_joiner_days`), and of which no
-- agreement says since when all are delivered (`complete_from` of `expected_deliveries`): what came along may be only
-- what was still open, and the months before are scored by it (docs/adr/0028).
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'int_dossiers__daily'}}}) }}
with versions as (
    select
        agency_code,
        min(delivery_date) as delivery_date
    from {{ ref('core_dossiers__versions') }}
    group by agency_code
),

agencies as (
    select * from {{ ref('bridge_agency_to_unit') }}
),

daily as (
    select * from {{ ref('int_dossiers__daily') }}
),

units as (
    select * from {{ ref('int_dossiers__known_until') }}
),

delivered as (
    select
        agencies.province_code,
        min(versions.delivery_date) as first_delivery_date
    from versions
    inner join agencies
        on versions.agency_code = agencies.agency_code
    group by agencies.province_code
),

counted as (
    select
        units.province_code,
        min(daily.counted_date) as first_counted_date
    from daily
    inner join units
        on daily.unit_code = units.unit_code
    where units.known_from is null
    group by units.province_code
)

select
    counted.province_code,
    counted.first_counted_date,
    delivered.first_delivery_date
from counted
inner join delivered
    on counted.province_code = delivered.province_code
where {{ days_from('counted.first_counted_date', 'delivered.first_delivery_date') }} > {{ var('late_joiner_days') }}
