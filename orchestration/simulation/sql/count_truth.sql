-- What the dossiers of `latent` contribute to each metric of both windows, before any defect.
insert into truth_dossiers
with windowed as (
    select latent.*, windows.window_no, windows.window_end,
        coalesce(ended_at > getvariable('data_end'), true) as is_open
    from latent join truth_window as windows on latent.received_at between windows.window_start and windows.window_end
),
judged as (
    select *, if(is_open, coalesce(due_at < window_end, false), coalesce(worked_until > due_at, false)) as is_overdue
    from windowed
)
select
    new_agency, window_no, count(*) as dossiers,
    count(*) filter (is_overdue) as overdue,
    count(*) filter (not is_overdue and is_open) as within_time,
    count(*) filter (not is_overdue and not is_open and due_at is not null and worked_until::date < due_at::date) as early,
    count(*) filter (channel = 2) as channel_online,
    count(*) filter (channel = 2 and (has_result or not returns_paper_result)) as filed_online,
    count(*) filter (is_obliged) as obliged,
    count(*) filter (is_obliged and is_paid_online) as paid_online,
    count(*) filter (has_result) as with_result,
    count(*) filter (has_result and has_file) as digitised,
    count(*) filter (is_reused) as reused,
    count(*) filter (is_from_store) as from_store,
    count(*) filter (uses_population) as uses_population,
    count(*) filter (is_overdue or is_petitioned) as discontented
from (select *, u(x, 25) < 0.0005 as is_petitioned from judged)
group by new_agency, window_no;

insert into truth_procedures
select new_agency, window_no, procedure_code, bool_or(is_obliged and is_paid_online), bool_or(uses_population)
from latent join truth_window as windows on latent.received_at between windows.window_start and windows.window_end
group by new_agency, window_no, procedure_code;

insert into truth_communes
select distinct new_agency, window_no, today_code
from latent join truth_window as windows on latent.received_at between windows.window_start and windows.window_end
where is_certified_copy;

insert into petitioned
select new_agency, phase, unit_code,
    dossier_code(unit_code, day, i, habits['old_code_order'] and phase = 1), received_at
from latent where u(x, 25) < 0.0005;
