-- From the wire shape of `service-results` (table document) to one table a grain (envelope, unit, unit_group,
-- component, metric), on which the rules of rules.py are laid, and of which `typed_units.sql` makes one row a unit. No
-- judgement here: what cannot be read is null, and a rule says so. Every statement is over all documents of a chunk;
-- key: file_hash, record_no (1-based; 0 is what an answer is about).

-- One row a file. `item` holds what surrounds the outer list.
create or replace temp table envelope as
with opened as (
    select
        file_hash,
        delivery_date,
        last_delivery_date,
        source_file,
        sender,
        json_object('metadata', body -> '$.metadata', 'overview', body -> '$.overview') as item,
        json_type(body, '$.provinces') as provinces_type,
        json_type(body, '$.units') as units_type,
        body -> '$.subject' as subject
    from document
),

read as (
    select
        *,
        text_of(item -> '$.metadata.scope') as scope,
        text_of(item -> '$.metadata.timeType') as time_type,
        count_of(item -> '$.metadata.year') as year,
        count_of(item -> '$.metadata.month') as month,
        count_of(item -> '$.metadata.quarter') as quarter,
        text_of(item -> '$.metadata.extractedAt') as extracted_text,
        moment_of(item -> '$.metadata.extractedAt') as extracted_at,
        nobodys(text_of(item -> '$.metadata.provinceCode')) as province_code,
        count_of(item -> '$.metadata.unitCounts.AGENCY') as expected_departments,
        count_of(item -> '$.metadata.unitCounts.COMMUNE') as expected_communes,
        number_of(item -> '$.overview.totalScore') as nation_total_score,
        text_of(item -> '$.metadata.interface') as interface,
        moment_of(item -> '$.metadata.answeredAt') as answered_at,
        lower(text_of(item -> '$.metadata.formalityId')) as formality_id,
        text_of(item -> '$.metadata.askedId') as asked_id,
        text_of(item -> '$.metadata.answerCode') as answer_code,
        text_of(item -> '$.metadata.groupCode') as asked_group,
        coalesce(text_of(item -> '$.metadata.subjectAt'), 'subject') as subject_at,
        agency_code_today(nobodys(text_of(subject -> '$.departmentCode'))) as subject_code,
        nobodys(text_of(subject -> '$.departmentId')) as subject_id
    from opened
)

select
    read.*,
    null::integer as record_no,
    '$' as record,
    '' as place,
    false as is_aside,
    known_scope.scope is not null as is_known_scope,
    coalesce(known_scope.outer_key, if(units_type is null, 'provinces', 'units')) as outer_key,
    coalesce(text_of(item -> '$.metadata.listedAt'), outer_key) as listed_at,
    outer_key = 'units' as is_units,
    if(is_units, agency_code_today(province_code), null) as parent_agency_code,
    if(is_units, units_type, provinces_type) as outer_type,
    precedence,
    is_national or coalesce(is_units and regexp_matches(parent_agency_code, pattern), false) as is_own
from read
inner join scope_of_sender on read.sender = scope_of_sender.sender
left join known_scope on read.scope = known_scope.scope;

-- One row an element of the outer list, whatever it is, and one of what the answer is about, as record 0.
create or replace temp table unit as
with listed as (
    select
        envelope.file_hash,
        listed_at,
        subject_at,
        scope,
        is_units,
        parent_agency_code as province_agency_code,
        year,
        interface,
        asked_group,
        subject,
        case outer_key
            when 'units' then json_extract(body, '$.units[*]')
            else json_extract(body, '$.provinces[*]')
        end as items
    from envelope
    inner join document on envelope.file_hash = document.file_hash
),

numbered as (
    select
        * exclude (items, subject),
        unnest(items) as item,
        generate_subscripts(items, 1)::integer as record_no,
        false as is_subject
    from listed
    union all
    select
        * exclude (items, subject),
        subject as item,
        0 as record_no,
        true as is_subject
    from listed
    where json_type(subject) = 'OBJECT'
),

shaped as (
    select * replace (if(interface is null, item, unit_of(item, asked_group, is_units and not is_subject)) as item)
    from numbered
),

-- A step for each macro: what one is given is written out wherever it uses it, and so on within it.
texts as (
    select
        * exclude (item),
        if(json_type(item) = 'OBJECT', item, null) as item,
        json_type(item) as item_type,
        item::varchar as item_text,
        if(is_subject, null, province_agency_code) as parent_agency_code,
        text_of(item -> '$.departmentId') as department_id,
        text_of(item -> '$.departmentCode') as department_code,
        text_of(item -> '$.departmentName') as department_name,
        text_of(item -> '$.shortName') as short_name,
        text_of(item -> '$.childGroup') as child_group,
        number_of(item -> '$.totalScore') as total_score,
        number_of(item -> '$.totalMaxScore') as total_max_score,
        number_of(item -> '$.scoreDelta') as score_delta,
        count_of(coalesce(item -> '$.rank', item -> '$.groupRank')) as official_rank
    from shaped
),

without_persons as (
    select
        * replace (nobodys(department_id) as department_id, nobodys(department_code) as department_code),
        unit_name_key(department_name) as name_key
    from texts
),

coded as (
    select
        * exclude (department_code),
        -- What an answer is about is what was asked for, where it does not say.
        coalesce(agency_code_today(department_code), if(is_subject, province_agency_code, null)) as agency_code
    from without_persons
),

read as (
    select
        *,
        if(is_subject, subject_at, listed_at || '[' || (record_no - 1) || ']')
        || coalesce(' (' || masked(coalesce(agency_code, department_id)) || ')', '') as record,
        '' as place
    from coded
),

-- A name with and without the name of the province behind it: it may be part of the commune's own.
called as (
    select
        file_hash,
        record_no,
        parent_agency_code,
        name_key
    from read
    where child_group = 'COMMUNE'
    union
    select
        file_hash,
        record_no,
        parent_agency_code,
        without_province(read.name_key, province_name.name_key) as name_key
    from read
    inner join province_name on read.parent_agency_code = province_name.agency_code
    where child_group = 'COMMUNE'
),

named as (
    select
        file_hash,
        record_no,
        min(unit_code) as unit_code
    from called
    inner join known_commune
        on called.parent_agency_code = known_commune.agency_code and called.name_key = known_commune.name_key
    group by file_hash, record_no
),

-- A commune is the one that the unit catalogue has under its code, else the one of its name.
recognised as (
    select
        read.*,
        catalogued_commune.unit_code as coded_unit,
        named.unit_code as named_unit,
        coalesce(coded_unit, named_unit) as unit_code
    from read
    left join named on read.file_hash = named.file_hash and read.record_no = named.record_no
    left join catalogued_commune
        on read.agency_code = catalogued_commune.agency_code and read.child_group = 'COMMUNE'
)

select
    *,
    count(*) over (partition by file_hash, is_subject, coalesce(agency_code, department_id)) as occurrences,
    if(unit_code is null, null, count(*) over (partition by file_hash, unit_code)) as unit_occurrences
from recognised;

-- One row a unit and known group, if the unit lists group scores at all.
create or replace temp table unit_group as
select
    file_hash,
    record_no,
    record,
    scope,
    is_units,
    known_group.group_code,
    position,
    group_maximum.max_score,
    list_filter(keys, k -> json_exists(unit.item, '$.groupScores.' || k)) as listed_keys,
    coalesce(listed_keys[1], known_group.group_code) as key,
    json_object('score', unit.item -> ('$.groupScores.' || key)) as item,
    len(listed_keys) > 0 as is_listed,
    number_of(unit.item -> ('$.groupScores.' || key)) as score,
    len(list_distinct([coalesce(unit.item ->> ('$.groupScores.' || k), 'null') for k in listed_keys])) as scores_listed,
    'groupScores.' || key as place
from unit
cross join known_group
left join group_maximum
    on known_group.group_code = group_maximum.group_code and unit.year = group_maximum.year
where json_type(unit.item, '$.groupScores') = 'OBJECT';

create or replace temp table group_key as
select
    file_hash,
    record_no,
    record,
    unnest(json_keys(item, '$.groupScores')) as key
from unit;

-- One row an entry of componentIndicators. Keys come from the sender: never put into a JSON path.
create or replace temp table component as
with listed as (
    select
        file_hash,
        record_no,
        record,
        scope,
        is_subject,
        map_entries(try_cast(item -> '$.componentIndicators' as map (varchar, json))) as entries
    from unit
),

numbered as (
    select
        * exclude (entries),
        unnest(entries) as entry,
        generate_subscripts(entries, 1) as position
    from listed
),

group_key_of as (
    select
        group_code,
        unnest(keys) as key
    from known_group
)

select
    file_hash,
    record_no,
    record,
    scope,
    is_subject,
    position,
    entry.key as component,
    coalesce(group_key_of.group_code, split_part(entry.key, '_', 1)) as group_code,
    json_type(entry.value) as item_type,
    if(item_type = 'OBJECT', entry.value, null) as item,
    number_of(item -> '$.score') as score,
    number_of(item -> '$.maxScore') as max_score,
    count(*) over (
        partition by file_hash, record_no, coalesce(group_key_of.group_code, split_part(entry.key, '_', 1))
    ) as occurrences,
    count_of(item -> '$.totalReceived') as total_received,
    count_of(item -> '$.totalOnTime') as total_on_time,
    count_of(item -> '$.totalOverdue') as total_overdue,
    number_of(item -> '$.avgProcessingDays') as avg_processing_days,
    number_of(item -> '$.ratio') as ratio,
    count_of(item -> '$.totalDossierOnlinePaymentSuccess') as paid_online_dossiers,
    count_of(item -> '$.totalDossierFinancialObligation') as financial_obligation_dossiers,
    count_of(item -> '$.totalDossierOnlineFormalityPaymentSuccess') as paid_online_formalities,
    count_of(item -> '$.totalFeeFormality') as fee_formalities,
    count_of(item -> '$.totalFeeDossierFormality') as fee_data_formalities,
    count_of(item -> '$.totalFeeDossierFormalityDistinct') as distinct_fee_formalities,
    count_of(item -> '$.totalCompleted') as settled_dossiers,
    count_of(item -> '$.authorityCount') as authority_formalities,
    count_of(item -> '$.partialCount') as partial_formalities,
    count_of(item -> '$.fullCount') as full_formalities,
    count_of(item -> '$.onlineDossierCount') as online_services_with_dossiers,
    count_of(item -> '$.onlineServiceTotal') as online_services,
    count_of(item -> '$.channelOnlineSum') as filed_online,
    count_of(item -> '$.channelDirectSum') as filed_in_person,
    count_of(item -> '$.channelPostalSum') as filed_by_post,
    count_of(item -> '$.channelTotalSum') as filed,
    count_of(item -> '$.onlineOnTimeSum') as online_on_time,
    count_of(item -> '$.onlineOverdueSum') as online_overdue,
    -- An answer of the interface has the figures of its one group in the element itself.
    if(scope = 'Group', '', 'componentIndicators.') || masked(entry.key) as place
from numbered
left join group_key_of
    on split_part(entry.key, '_', 1) = group_key_of.key;

-- One row a listed metric. `is_aside`: a code that indicators.csv does not know in that group; the
-- element is kept, but neither typed nor judged, for nobody here knows what its numbers mean.
create or replace temp table metric as
with listed as (
    select
        file_hash,
        record_no,
        record,
        group_code,
        place,
        position as component_position,
        json_extract(item, '$.metrics[*]') as items
    from component
),

numbered as (
    select
        * exclude (items),
        unnest(items) as item,
        generate_subscripts(items, 1) as position
    from listed
),

texts as (
    select
        * exclude (item),
        if(json_type(item) = 'OBJECT', item, null) as item,
        json_type(item) as item_type,
        text_of(item -> '$.code') as code,
        text_of(item -> '$.name') as name_vi,
        text_of(item -> '$.dataQualityStatus') as data_quality_status,
        count_of(item -> '$.numerator') as numerator,
        count_of(item -> '$.denominator') as denominator,
        number_of(item -> '$.ratio') as ratio,
        number_of(item -> '$.score') as score,
        number_of(item -> '$.maxScore') as max_score
    from numbered
),

read as (
    select * replace (place || '.metrics[' || coalesce(masked(code), (position - 1)::varchar) || ']' as place)
    from texts
)

select
    read.*,
    code is not null and known_metric.metric_code is null as is_aside,
    if(is_aside, read.item::varchar, null) as item_text,
    coalesce(known_metric.is_share, false) as is_share,
    count(*) over (partition by file_hash, record_no, read.group_code, code) as occurrences
from read
left join known_metric on code = metric_code and read.group_code = known_metric.group_code;

-- What only shows when a unit is seen whole: figures that must agree with each other.
create or replace temp table component_sum as
with metric_sum as (
    select
        file_hash,
        record_no,
        component_position as position,
        sum(coalesce(score, 0)) as metric_score
    from metric
    group by file_hash, record_no, component_position
),

with_aside as (
    select distinct
        file_hash,
        record_no
    from metric
    where is_aside
)

select
    component.*,
    unit_group.score as group_score,
    -- With an element aside nobody can say what the sum should be.
    if(with_aside.record_no is null, metric_score, null) as metric_score
from component
left join unit_group
    on
        component.file_hash = unit_group.file_hash
        and component.record_no = unit_group.record_no
        and component.group_code = unit_group.group_code
left join metric_sum
    on
        component.file_hash = metric_sum.file_hash
        and component.record_no = metric_sum.record_no
        and component.position = metric_sum.position
left join with_aside
    on
        component.file_hash = with_aside.file_hash
        and component.record_no = with_aside.record_no;

create or replace temp table unit_sum as
select
    unit.*,
    sum(score) as group_sum,
    count(score) as group_scores_given,
    count(*) filter (is_listed) as group_keys_listed
from unit
left join unit_group on unit.file_hash = unit_group.file_hash and unit.record_no = unit_group.record_no
group by all;
