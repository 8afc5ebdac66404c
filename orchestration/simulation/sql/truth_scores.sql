-- Expected numerators and denominators, and the totals they earn under the rules of 2025.
create table truth_metric as
with dossier as (
    select new_agency, window_no, sum(columns(* exclude (new_agency, window_no))) from truth_dossiers
    group by new_agency, window_no
),
used as (
    select new_agency, window_no, procedure_code, bool_or(has_online_payment) as has_online_payment,
        bool_or(uses_population) as uses_population
    from truth_procedures group by all
),
by_procedure as (
    select new_agency, window_no, count(*) filter (online_level > 2) as online_used,
        count(*) filter (is_fee_bearing and has_online_payment) as fee_paid,
        count(*) filter (is_open_to_citizens and uses_population) as citizen_connected
    from used join procedure using (procedure_code) group by all
),
catalogue as (
    select count(*) as procedures, count(*) filter (online_level > 2) as online, count(*) filter (is_fee_bearing) as fee,
        count(*) filter (has_synchronised_fees) as synchronised, count(*) filter (is_open_to_citizens) as citizens
    from procedure
),
certified as (
    select new_agency, window_no, count(distinct commune_code) as communes from truth_communes group by all
),
communes as (select sender as new_agency, count(*) as communes from new_commune_unit group by sender),
announced as (
    select new_agency, window_no, count(distinct procedure_code) as announced,
        count(distinct procedure_code) filter (is_on_time) as on_time,
        count(distinct procedure_code) filter (is_published_on_time) as published,
        count(distinct procedure_code) filter (kind <> 'abolished') as shown,
        count(distinct procedure_code) filter (kind <> 'abolished' and has_all_parts) as complete
    from decision join procedure using (procedure_code) join truth_window on decision_date::timestamp between window_start and window_end group by all
),
petitions as (
    select new_agency, window_no, count(*) as petitions, count(*) filter (not is_late) as on_time,
        count(*) filter (not is_late and not is_disputed) as content
    from petition join truth_window on received_at between window_start and window_end group by all
),
reported as ( -- only months that lie wholly in the window
    select new_agency, window_no, sum(received) as received
    from report_total join truth_window
        on make_date(year, month, 1)::timestamp >= window_start and last_day(make_date(year, month, 1))::timestamp < window_end
    group by all
)
select dossier.new_agency as agency_code, dossier.window_no, unnest([
    {'metric_code': 'PUBLISH_ON_TIME', 'numerator': announced.on_time::double, 'denominator': announced.announced::double},
    {'metric_code': 'PUBLIC_UPDATE_ON_TIME', 'numerator': announced.published, 'denominator': announced.announced},
    {'metric_code': 'PUBLIC_CONTENT_FULL', 'numerator': announced.complete, 'denominator': announced.shown},
    {'metric_code': 'DOSSIER_SYNC', 'numerator': dossiers, 'denominator': greatest(dossiers, reported.received)},
    {'metric_code': 'ON_TIME_SETTLEMENT', 'numerator': dossiers - overdue, 'denominator': dossiers},
    {'metric_code': 'PROCEDURES_OFFERED_ONLINE', 'numerator': online, 'denominator': procedures},
    {'metric_code': 'ONLINE_SERVICES_WITH_DOSSIERS', 'numerator': online_used, 'denominator': online},
    {'metric_code': 'DOSSIERS_FILED_ONLINE',
        'numerator': filed_online * dossiers / greatest(dossiers, reported.received), 'denominator': dossiers},
    {'metric_code': 'DOSSIER_PAID_ONLINE', 'numerator': paid_online, 'denominator': obliged},
    {'metric_code': 'FORMALITY_PAID_ONLINE', 'numerator': fee_paid, 'denominator': fee},
    {'metric_code': 'FEE_FORMALITY_INTEGRATED', 'numerator': synchronised, 'denominator': fee},
    {'metric_code': 'ORIGINAL_RESULT_AVAILABLE', 'numerator': with_result, 'denominator': dossiers},
    {'metric_code': 'SO_HOA_GIAY_TO_GIAI_QUYET', 'numerator': digitised, 'denominator': dossiers},
    {'metric_code': 'REUSED_DIGITIZED_DATA', 'numerator': reused, 'denominator': dossiers},
    {'metric_code': 'SYNCED_WITH_DVCQG_PERSONAL_STORAGE', 'numerator': from_store, 'denominator': dossiers},
    {'metric_code': 'CITIZEN_DATA_CONNECTED_DOSSIER', 'numerator': uses_population, 'denominator': dossiers},
    {'metric_code': 'CITIZEN_DATA_CONNECTED_FORMALITY', 'numerator': citizen_connected, 'denominator': citizens},
    {'metric_code': 'ELECTRONIC_CERTIFIED_COPY', 'numerator': certified.communes, 'denominator': communes.communes},
    {'metric_code': 'PETITION_PROCESSING_ON_TIME', 'numerator': petitions.on_time, 'denominator': petitions.petitions},
    {'metric_code': 'PETITION_HANDLING_SATISFACTION', 'numerator': petitions.content, 'denominator': petitions.petitions},
    {'metric_code': 'DOSSIER_RECEIVING_SATISFACTION', 'numerator': dossiers - discontented, 'denominator': dossiers}
], recursive := true)
from dossier
join by_procedure using (new_agency, window_no) join announced using (new_agency, window_no)
join petitions using (new_agency, window_no) join reported using (new_agency, window_no)
join certified using (new_agency, window_no) join communes using (new_agency) cross join catalogue;

create table truth_total as
with scored as (
    select agency_code, window_no,
        sum(shown_score(numerator / denominator, max_score, full_mark_ratio)) as total
    from truth_metric join scoring_rule using (metric_code) group by all
)
select scored.agency_code, scored.window_no, round(scored.total, 2) as total,
    rank() over (partition by scored.window_no order by round(scored.total, 2) desc) as rank, target_total.total as target
from scored join target_total on target_total.agency_code = scored.agency_code and target_total.phase = scored.window_no;
