-- From the interface's own answers (rows of table document with a question) to the shape in which
-- `service_results.sql` reads units: what surrounds them as `metadata`, what the answer is about as `subject`, its list
-- as `provinces` or `units`, whose elements are shaped where they are read. No judgement here: what is lacking stays
-- so, and a rule says so.

-- One row an interface: which group it answers for, where it lists units, and what it is about. (docs/adr/0049)
create or replace temp table known_interface as
from (
    values
    ('evaluation/service-results', null, 'evaluation', 'overview'),
    ('evaluation/transparency', 'CKMB', 'evaluation', 'overview'),
    ('evaluation/handling-satisfaction', 'MDHL', 'evaluation', 'overview'),
    ('evaluation/dossier-digitized', 'MDSH', 'evaluation', 'overview'),
    ('evaluation/dvc-progress-tree', 'TDGQ', 'children', 'parent'),
    ('evaluation/provide-online-tree', 'ONLINE', 'children', 'parent'),
    ('evaluation/formality-online-payment-tree', 'TTTT', 'children', 'parent')
) as interfaces (path, group_code, list_key, subject_key);

-- An element of an answer in the shape of a transcribed unit. Of one group its score is called `score`, or `totalScore`
-- where the whole answer is of the group.
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

create or replace temp table answer as select * from document
where question is not null;
delete from document
where question is not null;
insert into document by name
with questions as (
    select
        answer.*,
        known_interface.* exclude (path),
        known_interface.path is not null as is_known,
        question -> '$.request.body' as asked,
        json_exists(question, '$.request.body.rootDepartmentId') as is_of_province,
        try_cast(text_of(question -> '$.request.body.fromDate') as date) as from_date,
        try_cast(text_of(question -> '$.request.body.toDate') as date) as to_date
    from answer
    left join known_interface on text_of(question -> '$.request.path') = known_interface.path
),

-- The period of petitions is asked for by its days.
periods as (
    select
        *,
        case
            when from_date is null then text_of(asked -> '$.timeType')
            when from_date = date_trunc('year', from_date) and to_date = from_date + interval 1 year - interval 1 day
                then 'year'
            when
                from_date = date_trunc('quarter', from_date)
                and to_date = from_date + interval 3 month - interval 1 day
                then 'quarter'
            when
                from_date = date_trunc('month', from_date)
                and to_date = from_date + interval 1 month - interval 1 day
                then 'month'
            else from_date || ' to ' || coalesce(to_date::varchar, 'nothing')
        end as time_type,
        coalesce(asked -> '$.year', to_json(year(from_date))) as year,
        coalesce(asked -> '$.quarter', to_json(quarter(from_date))) as quarter,
        coalesce(asked -> '$.month', to_json(month(from_date))) as month
    from questions
),

-- The subject's own metrics lie in it, or beside it.
located as (
    select
        *,
        body -> ('$.data.' || list_key) as items,
        body -> ('$.data.' || subject_key) as subject,
        if(
            json_exists(body, '$.data.metrics') and not json_exists(body, '$.data.' || subject_key || '.metrics'),
            json_merge_patch(body -> ('$.data.' || subject_key), json_object('metrics', body -> '$.data.metrics')),
            body -> ('$.data.' || subject_key)
        ) as whole_subject
    from periods
),

shaped as (
    select
        *,
        json_object(
            'scope', case
                when not is_known then text_of(question -> '$.request.path')
                when group_code is not null then 'Group'
                when is_of_province then 'Units'
                else 'Provinces'
            end,
            'timeType', time_type,
            'year', year,
            'quarter', if(time_type = 'quarter', quarter, null),
            'month', if(time_type = 'month', month, null),
            'extractedAt', question -> '$.capture',
            'answeredAt', question -> '$.capturedAt',
            'provinceCode', question -> '$.request.agencyCode',
            'interface', replace(text_of(question -> '$.request.path'), 'evaluation/', ''),
            'formalityId', coalesce(asked -> '$.formalityId', asked -> '$.formalityID'),
            'askedId', asked -> '$.rootDepartmentId',
            'answerCode', body -> '$.code',
            'listedAt', 'data.' || list_key,
            'subjectAt', 'data.' || subject_key,
            'groupCode', group_code
        ) as metadata
    from located
)

select
    file_hash,
    source_file,
    delivery_date,
    last_delivery_date,
    sender,
    json_object(
        'metadata', metadata,
        'overview', if(is_of_province, null, subject),
        'subject', whole_subject,
        'data', body -> '$.data',
        if(is_of_province, 'units', 'provinces'), items
    ) as body
from shaped;
