-- Provinces of which the list of overdue dossiers holds another number than the backlog counts.
with listed as (
    select
        province_code,
        count(*) as dossiers
    from {{ ref('mart_overdue_dossiers') }}
    group by province_code
),

counted as (
    select
        unit_code,
        overdue + waiting_overdue as dossiers
    from {{ ref('mart_backlog') }}
    where unit_level = 'province' and backlog_reason is null
)

select
    counted.unit_code,
    counted.dossiers,
    listed.dossiers as dossiers_listed
from counted
left join listed
    on counted.unit_code = listed.province_code
where counted.dossiers <> coalesce(listed.dossiers, 0)
