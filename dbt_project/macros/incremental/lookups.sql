{#-
    Tables that an incremental model looks things up in, by its `meta.lookups`: their key, the columns that count, and
    the columns that it is found by. A row that now says something else changes rows of the model that nothing was
    delivered for: they are found by its key, and made again (docs/adr/0024). What a lookup said is kept as it was read,
    in the transaction of the model.
-#}
{% macro lookups_of_model() %}
    {{- return(model.config.get('meta', {}).get('lookups', {})) -}}
{% endmacro %}


{#- What a lookup says: (key, content), of a dated one a row for each validity. -#}
{% macro lookup_snapshot(name) -%}
    {%- set lookup = lookups_of_model()[name] -%}
    select distinct
        {{ lookup.key }} as key,
        {{ surrogate_key([lookup.key] + lookup.columns) }} as content
    from {{ ref(name) }}
    where {{ lookup.key }} is not null
{%- endmacro %}


{#- Keys under which this model would now find something else than when it was built. -#}
{% macro changed_keys(name) -%}
    {%- set found_now -%}
        select key, content
        from ({{ lookup_snapshot(name) }}) as found_now
    {%- endset -%}
    {%- set found_then -%}
        select key, content
        from {{ target.database }}.state.looked_up
        where model = '{{ this.identifier }}' and lookup = '{{ name }}'
    {%- endset -%}
    select distinct key
    from (({{ found_now }} except {{ found_then }}) union all ({{ found_then }} except {{ found_now }})) as changed
{%- endmacro %}


{#- Dossiers in `relation` that were built with something that now says otherwise: a query of one column. -#}
{% macro dossiers_with_changed_lookups(relation) -%}
    {%- set queries = [] -%}
    {%- for name, lookup in lookups_of_model().items() -%}
        {%- for column in lookup.found_by -%}
            {%- set query -%}
                select dossiers.dossier_code
                from {{ relation }} as dossiers
                inner join ({{ changed_keys(name) }}) as changed
                    on dossiers.{{ column }} = changed.key
            {%- endset -%}
            {%- do queries.append(query) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ queries | join(' union ') }}
{%- endmacro %}


{#- After the model, in its transaction: this is what it found. -#}
{% macro record_lookups() %}
    delete from {{ target.database }}.state.looked_up where model = '{{ this.identifier }}';
    {% for name in lookups_of_model() -%}
        insert into {{ target.database }}.state.looked_up
        select
            '{{ this.identifier }}' as model,
            '{{ name }}' as lookup,
            found.key,
            found.content
        from ({{ lookup_snapshot(name) }}) as found;
    {% endfor %}
{% endmacro %}
