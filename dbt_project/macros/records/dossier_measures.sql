{#-
    What is counted of dossiers: each measure with the aggregate of `fct_dossier` that it is on one day of one unit. A
    line here is a column of `int_dossiers__daily`, `int_records__dossier_counts` and `int_records__measures`, where
    indicators name it. Measures add up over days and units. Filing online alone counts dossiers that were filed and not
    received.
-#}
{% macro dossier_measures() %}
    {{- return({
        'dossiers_received': 'count(received_date)',
        'early': "count(case when outcome = 'early' then 1 end)",
        'on_time': "count(case when outcome = 'on_time' then 1 end)",
        'within_time': "count(case when outcome = 'within_time' then 1 end)",
        'no_deadline': "count(case when outcome = 'no_deadline' then 1 end)",
        'dossiers_ended': 'count(processing_seconds)',
        'processing_seconds': 'coalesce(sum(processing_seconds), 0)',
        'dossiers_filed': 'count(*)',
        'filed_online': 'count(case when is_filed_online then 1 end)',
        'with_obligation': 'count(case when received_date is not null and has_obligation then 1 end)',
        'paid_online': 'count(case when received_date is not null and is_paid_online then 1 end)',
        'with_electronic_result': 'count(case when received_date is not null and has_electronic_result then 1 end)',
        'digitised': 'count(case when received_date is not null and is_digitised then 1 end)',
        'with_reused_data': 'count(case when received_date is not null and has_reused_document then 1 end)',
        'from_personal_store': 'count(case when received_date is not null and has_stored_document then 1 end)',
        'with_population_data': 'count(case when received_date is not null and has_population_data then 1 end)',
        'cross_boundary': 'count(case when received_date is not null and is_cross_boundary then 1 end)',
        'satisfied': "count(case when outcome in ('early', 'on_time', 'within_time', 'no_deadline') and not is_petitioned"
            ~ ' then 1 end)',
    }) -}}
{% endmacro %}


{#- What is counted of a dossier that is still open, for as long as it is within time, beside what it counts above. -#}
{% macro open_dossier_measures() %}
    {{- return({
        'within_time': 'count(*)',
        'satisfied': 'count(case when not is_petitioned then 1 end)',
    }) -}}
{% endmacro %}
