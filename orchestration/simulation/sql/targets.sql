-- What each province is to achieve in each phase (1: before July; 2: from July), by one transparent rule:
-- its rank gives its total (`ladders`), the total gives one strength, the strength gives every level between
-- `low` and `high` (`levels`), a little tilted by province; stated figures (`overrides`) are kept.
-- The 80 procedures that every province announces in each phase.
create table decided as
select j, '9.' || lpad((1 + (j * 7 + 3) % 110)::varchar, 6, '0') as procedure_code,
    case when j % 10 = 9 then 'abolished' when j % 3 = 0 then 'new' else 'amended' end as kind
from range(0, 80) as numbers(j);

create table ladder as select * from read_csv(getvariable('own') || '/ladders.csv');
create table level as select * from read_csv(getvariable('own') || '/levels.csv');
create table override as select * from read_csv(getvariable('own') || '/overrides.csv');
create table scoring_rule as
select metric_code, max_score::double as max_score, full_mark_ratio::double as full_mark_ratio,
    zero_denominator_score::double as zero_denominator_score
from read_csv(getvariable('reference') || '/scoring_rules.csv', all_varchar = true) where regime = 'portal_2025';

create macro shown_score(ratio, max_score, full_mark_ratio) as
    round_even(max_score * least(1.0, ratio / full_mark_ratio), 2);

create table target_total as
select province.agency_code, ladder.phase, ladder.score_at_first
    + ladder.step * (if(ladder.phase = 1, rank_before, rank_after) - ladder.first_rank) as total
from province join ladder
    on if(ladder.phase = 1, rank_before, rank_after) between ladder.first_rank and ladder.last_rank;

-- The share of phase 2 in the window that ends on 5 July: its days 1 to 5 July.
create table early_july as
select volume.second * shares.part / (volume.first + volume.second * shares.part) as part
from (select 9032000.0 as first, 15968000.0 as second) as volume,
    (select cum_after as part from calendar where day = date '2025-07-05') as shares;

create table candidate as
select province.agency_code, phases.phase, steps.i / 500.0 - 0.4 as strength, level.level,
    coalesce(override.value, greatest(0.01, least(0.998, low + (high - low) * (
        steps.i / 500.0 - 0.4 + (hash(getvariable('seed')::bigint, province.agency_code, level.level) % 1000 / 1000.0 - 0.5) * 0.1
    )))) as value
from province cross join (values (1), (2)) as phases(phase) cross join range(0, 720) as steps(i) cross join level
left join override on override.agency_code = province.agency_code and override.phase = phases.phase
    and override.level = level.level;

create table chosen_levels (agency_code varchar, phase integer, levels map(varchar, double), total double);

-- The totals that a strength gives; `later`: levels of phase 2, for the first days of July.
create macro candidate_totals(wanted_phase) as table
with wide as (
    select agency_code, strength, map_from_entries(list((level, value))) as levels
    from candidate where phase = wanted_phase group by agency_code, strength
),
mixed as (
    select wide.agency_code, wide.strength, wide.levels,
        if(wanted_phase = 1, map_from_entries(list_transform(map_entries(wide.levels), lambda entry: (entry.key,
            if(entry.key in ('publish_on_time', 'update_on_time', 'active_procedures', 'petition_on_time', 'petition_content'),
            entry.value, entry.value * (1 - early_july.part) + chosen.levels[entry.key] * early_july.part)))),
            wide.levels) as met,
        -- Months count whole: the dossiers of early July are there, their report is not yet.
        if(wanted_phase = 1, least(1.0, wide.levels['synchronised'] / (1 - early_july.part)), wide.levels['synchronised']) as sync
    from wide cross join early_july left join chosen_levels as chosen
        on chosen.agency_code = wide.agency_code and chosen.phase = 2
),
ratios as (
    select agency_code, strength, unnest([
        {'metric_code': 'PUBLISH_ON_TIME', 'ratio': met['publish_on_time']},
        {'metric_code': 'PUBLIC_UPDATE_ON_TIME', 'ratio': met['update_on_time']},
        {'metric_code': 'PUBLIC_CONTENT_FULL', 'ratio': (select avg(has_all_parts::int) from decided join procedure using (procedure_code)
            where kind <> 'abolished')},
        {'metric_code': 'DOSSIER_SYNC', 'ratio': sync},
        {'metric_code': 'ON_TIME_SETTLEMENT', 'ratio': met['timely']},
        {'metric_code': 'PROCEDURES_OFFERED_ONLINE', 'ratio': (select avg((online_level > 2)::int) from procedure)},
        {'metric_code': 'ONLINE_SERVICES_WITH_DOSSIERS', 'ratio': met['active_procedures']},
        {'metric_code': 'DOSSIERS_FILED_ONLINE',
            'ratio': met['online'] * sync * (1 - 0.15 * (1 - met['result']))},
        {'metric_code': 'DOSSIER_PAID_ONLINE', 'ratio': met['paid_online']},
        {'metric_code': 'FORMALITY_PAID_ONLINE', 'ratio': met['active_procedures']},
        {'metric_code': 'FEE_FORMALITY_INTEGRATED',
            'ratio': (select avg(has_synchronised_fees::int) from procedure where is_fee_bearing)},
        {'metric_code': 'ORIGINAL_RESULT_AVAILABLE', 'ratio': met['result']},
        {'metric_code': 'SO_HOA_GIAY_TO_GIAI_QUYET', 'ratio': met['result'] * met['digitised']},
        {'metric_code': 'REUSED_DIGITIZED_DATA', 'ratio': met['reused']},
        {'metric_code': 'SYNCED_WITH_DVCQG_PERSONAL_STORAGE', 'ratio': met['store']},
        {'metric_code': 'CITIZEN_DATA_CONNECTED_DOSSIER', 'ratio': met['population']},
        {'metric_code': 'CITIZEN_DATA_CONNECTED_FORMALITY', 'ratio': met['active_procedures']},
        {'metric_code': 'ELECTRONIC_CERTIFIED_COPY', 'ratio': 1.0},
        {'metric_code': 'PETITION_PROCESSING_ON_TIME', 'ratio': met['petition_on_time']},
        {'metric_code': 'PETITION_HANDLING_SATISFACTION', 'ratio': least(met['petition_content'], met['petition_on_time'])},
        {'metric_code': 'DOSSIER_RECEIVING_SATISFACTION', 'ratio': met['timely'] - 0.001}
    ], recursive := true)
    from mixed
)
select ratios.agency_code, wanted_phase as phase, ratios.strength, sum(shown_score(ratio, max_score, full_mark_ratio)) as total
from ratios join scoring_rule using (metric_code) group by ratios.agency_code, ratios.strength;
