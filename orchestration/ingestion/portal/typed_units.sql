-- From the tables of `service_results.sql` to one typed row a unit (table typed).

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
    ) as entries
    where ends_with(entry.key, 'Chart') and json_type(entry.value) = 'ARRAY'
),

chart_figure as (
    select
        file_hash,
        chart,
        coalesce(count_of(point -> '$.month'), count_of(point -> '$.label'))::integer as month,
        entry.key as series,
        number_of(entry.value) as value
    from (
        select
            file_hash,
            chart,
            point,
            unnest(map_entries(try_cast(point as map (varchar, json)))) as entry
        from chart
    ) as figures
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
