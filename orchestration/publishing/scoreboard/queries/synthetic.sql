-- Grain: one row per basis of which something on the page rests on a synthetic file. What the page shows of captures rests
-- on the same files as what it compares with the portal's own scores; quality of sources is that of records.
select basis from periods where contains_synthetic
union
select basis from marts.mart_official_reconciliation where contains_synthetic
union
select 'records' as basis from marts.mart_source_quality where contains_synthetic
order by basis
