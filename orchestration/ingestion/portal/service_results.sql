-- From the wire shape of `service-results` (table document) to one typed row a unit (table typed),
-- and on the way one table a grain (envelope, unit, unit_group, component, metric), on which the
-- rules of rules.py are laid. No judgement here: what cannot be read is null, and a rule says
-- so. Every statement is over all documents of a chunk; key: file_hash, record_no (1-based).

-- An element of an answer of the interface in the shape of a transcribed unit. Its figures of one group: the score is called `score`, or `totalScore` where the whole answer is of the group.
create or replace temp macro member_of(j, name, key) as
    if(json_exists(j, '$.' || key), '"' || name || '":' || json_extract(j, '$.' || key)::varchar, null);
create or replace temp macro component_of(j) as
    if(json_type(j) <> 'OBJECT' or json_exists(j, '$.score'), j, ('{' || concat_ws(
        ',', member_of(j, 'score', 'totalScore'), member_of(j, 'maxScore', 'totalMaxScore'),
        nullif(trim((j::varchar)[2:-2]), '')
    ) || '}')::json);

-- Units below a province are its communes and its departments; where an answer does not say which, the name does.
create or replace temp macro child_group_of(j) as coalesce(
    json_extract(j, '$.childGroup'),
    to_json(if(regexp_matches(unit_name_key(j ->> '$.departmentName'), '^(xã|phường|đặc khu) '), 'COMMUNE', 'AGENCY'))
);
create or replace temp macro unit_of(j, group_code, is_child) as if(json_type(j) <> 'OBJECT', j, json_object(
    'departmentId', json_extract(j, '$.departmentId'),
    'departmentCode', json_extract(j, '$.departmentCode'),
    'departmentName', json_extract(j, '$.departmentName'),
    'childGroup', if(is_child, child_group_of(j), null),
    'totalScore', if(group_code is null, json_extract(j, '$.totalScore'), null),
    'totalMaxScore', if(group_code is null, json_extract(j, '$.totalMaxScore'), null),
    'scoreDelta', json_extract(j, '$.scoreDelta'),
    'groupScores', if(
        group_code is null, json_extract(j, '$.groupScores'),
        json_object(group_code, coalesce(json_extract(j, '$.score'), json_extract(j, '$.totalScore')))
    ),
    'componentIndicators', if(group_code is null, null, json_object(group_code, component_of(j)))
));

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
        nobodys(text_of(item -> '$.metadata.formalityId')) as formality_id,
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
    where subject is not null
),

shaped as (
    select
        * replace (if(interface is null, item, unit_of(item, asked_group, is_units and not is_subject)) as item)
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

-- Grain: one row a unit of a payload, good or bad; columns as in ROW_COLUMNS.
insert into typed by name
with groups as (
    select
        file_hash,
        record_no,
        list({ 'group_code': group_code, 'score': score } order by position) as group_scores
    from unit_group
    -- Of the groups that an answer is not about it says nothing.
    where is_listed or scope <> 'Group'
    group by file_hash, record_no
),

components as (
    select
        file_hash,
        record_no,
        list({
            'component': coalesce(nobodys(component), group_code),
            'group_code': group_code,
            'score': score,
            'max_score': max_score
        } order by position) as components,
        any_value({
            'total_received': total_received, 'total_on_time': total_on_time,
            'total_overdue': total_overdue, 'avg_processing_days': avg_processing_days,
            'ratio': ratio, 'score': score, 'max_score': max_score
        }) filter (where group_code = 'TDGQ') as settlement,
        any_value({
            'paid_online_dossiers': paid_online_dossiers,
            'financial_obligation_dossiers': financial_obligation_dossiers,
            'paid_online_formalities': paid_online_formalities, 'fee_formalities': fee_formalities
        }) filter (where group_code = 'TTTT') as payment,
        any_value(settled_dossiers) filter (where group_code = 'TDGQ') as settled_dossiers,
        any_value(fee_data_formalities) filter (where group_code = 'TTTT') as fee_data_formalities,
        any_value(distinct_fee_formalities) filter (where group_code = 'TTTT') as distinct_fee_formalities,
        any_value({
            'authority_formalities': authority_formalities, 'partial_formalities': partial_formalities,
            'full_formalities': full_formalities, 'online_services_with_dossiers': online_services_with_dossiers,
            'online_services': online_services, 'filed_online': filed_online, 'filed_in_person': filed_in_person,
            'filed_by_post': filed_by_post, 'filed': filed, 'online_on_time': online_on_time,
            'online_overdue': online_overdue
        }) filter (where group_code = 'ONLINE' and authority_formalities is not null) as online
    from component
    group by file_hash, record_no
),

metrics as (
    select
        file_hash,
        record_no,
        list({
            'group_code': group_code, 'metric_code': code, 'name_vi': nobodys(name_vi),
            'numerator': numerator, 'denominator': denominator, 'ratio': ratio,
            'score': score, 'max_score': max_score,
            'data_quality_status': upper(nobodys(data_quality_status))
        } order by component_position, position) as metrics
    from metric
    where not is_aside
    group by file_hash, record_no
),

-- Keys come from the sender: never put into a JSON path, and left out where they could be of a person.
chart as (
    select
        file_hash,
        entry.key as chart,
        unnest(json_extract(entry.value, '$[*]')) as point
    from (
        select
            file_hash,
            unnest(map_entries(try_cast(body -> '$.data' as map (varchar, json)))) as entry
        from document
        where json_type(body, '$.data') = 'OBJECT'
    )
    where ends_with(entry.key, 'Chart') and json_type(entry.value) = 'ARRAY'
),

chart_figure as (
    select
        file_hash,
        chart,
        coalesce(count_of(point -> '$.month'), count_of(point -> '$.label'))::integer as month,
        entry.key as series,
        number_of(entry.value) as value
    from (select *, unnest(map_entries(try_cast(point as map (varchar, json)))) as entry from chart)
    where entry.key not in ('month', 'label') and coalesce(json_type(entry.value), 'NULL') <> 'VARCHAR'
),

charts as (
    select
        file_hash,
        list({ 'chart': chart, 'month': month, 'series': series, 'value': value } order by chart, series, month)
            as charts
    from chart_figure
    where month between 1 and 12 and not names_person(chart) and not names_person(series)
    group by file_hash
)

select
    envelope.source_file,
    envelope.file_hash,
    envelope.delivery_date,
    envelope.sender,
    envelope.precedence,
    unit.record_no,
    envelope.scope,
    envelope.time_type,
    envelope.year,
    if(envelope.time_type = 'month', envelope.month, null) as month,
    if(envelope.time_type = 'quarter', envelope.quarter, null) as quarter,
    envelope.extracted_at,
    unit.parent_agency_code,
    envelope.expected_departments,
    envelope.expected_communes,
    envelope.nation_total_score,
    unit.agency_code,
    nobodys(unit.department_name) as name_vi,
    nobodys(unit.short_name) as short_name,
    nobodys(unit.child_group) as child_group,
    unit.total_score as official_total_score,
    unit.official_rank,
    unit.total_max_score,
    coalesce(group_scores, []) as group_scores,
    coalesce(components, []) as components,
    settlement,
    payment,
    coalesce(metrics, []) as metrics,
    if(envelope.interface is null, null, envelope.extracted_at) as capture_at,
    nobodys(envelope.interface) as interface,
    envelope.answered_at,
    envelope.formality_id,
    unit.is_subject,
    unit.department_id,
    unit.score_delta,
    settled_dossiers,
    fee_data_formalities,
    distinct_fee_formalities,
    online,
    if(unit.is_subject, coalesce(charts, []), []) as charts
from unit
inner join envelope on unit.file_hash = envelope.file_hash
left join groups on unit.file_hash = groups.file_hash and unit.record_no = groups.record_no
left join components
    on unit.file_hash = components.file_hash and unit.record_no = components.record_no
left join metrics on unit.file_hash = metrics.file_hash and unit.record_no = metrics.record_no
left join charts on unit.file_hash = charts.file_hash;
