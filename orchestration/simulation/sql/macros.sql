-- Low-discrepancy draws and the exchange format's way of writing.
-- Draw `k` of record `x` is the fractional part of x times an irrational number (in 32-bit arithmetic): any run of
-- neighbours is spread evenly, so that n records hit a share p to within about log(n)/n, not 1/sqrt(n).
create macro u(x, k) as (((x * ([{multipliers}])[k]) & 4294967295) / 4294967296.0);
create macro wire(moment) as coalesce(strftime(moment, '%Y%m%d%H%M%S'), '');
create macro flag(value) as if(value, '1', '0');
-- n working days after a day, the way an office would promise it (public holidays forgotten), at 17:00.
create macro promised(day, n) as day + interval 17 hour + to_days((
    n + 2 * ((least(isodow(day), 5) - 1 + n) // 5) - greatest(isodow(day) - 5, 0))::int);
-- Systems of old write the unit backwards, after `000.00.`; the serial has eight digits and begins with 9.
-- It counts within a sender, which never comes near ten million dossiers of one unit and day.
create macro dossier_code(unit_code, day, i, is_old_order) as
    if(is_old_order, '000.00.' || array_to_string(list_reverse(string_split(unit_code, '.')), '.'), unit_code)
    || '-' || strftime(day, '%y%m%d') || '-9' || lpad((i % 10000000)::varchar, 7, '0');
-- When an applicant filed what was received at that moment.
create macro submitted(received_at, draw) as received_at - to_seconds(floor(600 + 18000 * draw));
-- Share of dossiers that have ended with a result by the end of the data, by phase (measured).
create macro covered_share(phase) as if(phase = 1, 0.975, 0.967);
