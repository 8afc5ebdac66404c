{#-
    For who reads files (bench/parity.py): views of the schema `marts` as tables of the schema `views_of_marts`, by
    `dbt run-operation`. On DuckDB a view is read from the database itself.

    conditions: by name of a view, which of its rows are wanted.
-#}
{% macro copy_views(conditions={}) %}
    {{- return(adapter.dispatch('copy_views')(conditions)) -}}
{% endmacro %}

{% macro default__copy_views(conditions) -%} {%- endmacro %}

{% macro spark__copy_views(conditions) -%}
    {%- do run_query('create schema if not exists views_of_marts') -%}
    {%- for node in graph.nodes.values() if node.schema == 'marts' and node.config.materialized == 'view' -%}
        {%- do run_query('drop table if exists views_of_marts.' ~ node.alias) -%}
        {%- do run_query(
            'create table views_of_marts.' ~ node.alias ~ ' as select * from marts.' ~ node.alias
            ~ ' where ' ~ conditions.get(node.alias, 'true')
        ) -%}
    {%- endfor -%}
{%- endmacro %}
