{#-
    The rows of a CTE (period_id, unit_code, counts), and beside them those of the nation: what those provinces add up
    to that delivered dossiers for the period. Of others nobody knows, and what they report compares with nothing
    (docs/adr/0059).

    counts: columns that add up. newest: days, of which the last counts; after them.
-#}
{% macro with_nation(relation, counts, newest=[]) %}
    select * from {{ relation }}
    union all
    select
        {{ relation }}.period_id,
        'VN' as unit_code
        {%- for count in counts %},
        cast(sum({{ relation }}.{{ count }}) as bigint) as {{ count }}
        {%- endfor %}
        {%- for day in newest %},
        max({{ relation }}.{{ day }}) as {{ day }}
        {%- endfor %}
    from {{ relation }}
    inner join {{ ref('int_records__delivered') }} as heard
        on
            {{ relation }}.period_id = heard.period_id
            and {{ relation }}.unit_code = heard.unit_code
    where heard.source = 'dossiers' and heard.is_delivered and heard.unit_level = 'province'
    group by {{ relation }}.period_id
{% endmacro %}
