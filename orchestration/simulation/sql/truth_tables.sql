-- The two assessments, and what is counted for them while dossiers are made.
create table truth_window as
select * from (values
    (1, timestamp '2025-01-01 00:00:00', timestamp '2025-07-05 23:59:59'),
    (2, timestamp '2025-07-01 00:00:00', timestamp '2025-11-30 23:59:59')
) as windows(window_no, window_start, window_end);
create table truth_dossiers (
    new_agency varchar, window_no integer, dossiers bigint, overdue bigint, within_time bigint, early bigint,
    channel_online bigint, filed_online bigint, obliged bigint, paid_online bigint, with_result bigint,
    digitised bigint, reused bigint, from_store bigint, uses_population bigint, discontented bigint
);
create table truth_procedures (
    new_agency varchar, window_no integer, procedure_code varchar, has_online_payment boolean, uses_population boolean
);
create table truth_communes (new_agency varchar, window_no integer, commune_code varchar);
create table petitioned (
    new_agency varchar, phase integer, unit_code varchar, dossier_code varchar, received_at timestamp
);
