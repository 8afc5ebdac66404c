{#- What a ledger keeps of its inputs (macros/incremental), as text: equal where nothing has changed. -#}

{#- A change of engine may hash or sort another way. -#}
{% macro engine_version() %}
    {{- return(adapter.dispatch('engine_version')()) -}}
{% endmacro %}

{% macro default__engine_version() -%} version() {%- endmacro %}


{#- Each row and how often it is there, in no order. -#}
{% macro table_content(relation) %}
    {{- return(adapter.dispatch('table_content')(relation)) -}}
{% endmacro %}

{% macro default__table_content(relation) -%}
    (
        select count(*) || ' ' || coalesce(cast(sum(hash(entire_row)) as varchar), '')
        from {{ relation }} as entire_row
    )
{%- endmacro %}

{% macro spark__table_content(relation) -%}
    (select concat(count(*), ' ', coalesce(sum(cast(xxhash64(*) as decimal(20))), '')) from {{ relation }})
{%- endmacro %}


{#- As the database has it, wherever the data folder lies. -#}
{% macro view_definition(relation) %}
    {{- return(adapter.dispatch('view_definition')(relation)) -}}
{% endmacro %}

{% macro default__view_definition(relation) -%}
    coalesce((
        select md5(replace(
            -- DuckDB writes `as date` of a view that it has just made, and `as "DATE"` of the same one from a file, or
            -- the other way round: a model run alone would be rebuilt, and so would it be the night after.
            regexp_replace(views.sql, ' AS "([A-Z]+)"', ' AS \1', 'g'),
            '{{ env_var("SERVICE_INDEX_DATA", "../data") }}',
            ''
        ))
        from duckdb_views() as views
        where
            views.database_name = '{{ relation.database }}' and views.schema_name = '{{ relation.schema }}'
            and views.view_name = '{{ relation.identifier }}'
    ), '')
{%- endmacro %}

{#- Spark shows a view's text by a statement of its own. -#}
{% macro spark__view_definition(relation) -%}
    {%- if execute -%}
        '{{ local_md5(run_query("show create table " ~ relation).columns[0].values() | join) }}'
    {%- endif -%}
{%- endmacro %}
