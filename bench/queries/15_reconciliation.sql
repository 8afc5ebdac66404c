-- Does what we compute agree with the portal?
select status, count(*) as figures from marts.mart_official_reconciliation
where as_of = date '2026-10-10'
group by status
order by status
