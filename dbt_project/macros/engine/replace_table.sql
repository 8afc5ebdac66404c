{#-
    Small tables that macros keep themselves (macros/incremental). Each macro returns the last statement, for `run_query` or a
    hook. Spark's tables are folders of Parquet, of which nothing is replaced or deleted in place: the rows that stay are
    written to a new table, which takes the name of the old one.
-#}

{#- A table made of a query, which may read the table itself. -#}
{% macro replace_table(relation, query) %}
    {{- return(adapter.dispatch('replace_table')(relation, query)) -}}
{% endmacro %}

{% macro default__replace_table(relation, query) -%}
    create or replace table {{ relation }} as {{ query }}
{%- endmacro %}

{% macro spark__replace_table(relation, query) -%}
    {%- set new = relation.incorporate(path={'identifier': relation.identifier ~ '__new'}) -%}
    {%- do run_query('drop table if exists ' ~ new) -%}
    {%- do run_query('create table ' ~ new ~ ' as ' ~ query) -%}
    {%- do run_query('drop table if exists ' ~ relation) -%}
    alter table {{ new }} rename to {{ relation }}
{%- endmacro %}


{#- A table without the rows that meet a condition. -#}
{% macro delete_from(relation, condition='true') %}
    {{- return(adapter.dispatch('delete_from')(relation, condition)) -}}
{% endmacro %}

{% macro default__delete_from(relation, condition) -%}
    delete from {{ relation }} where {{ condition }}
{%- endmacro %}

{% macro spark__delete_from(relation, condition) -%}
    {{ spark__replace_table(relation, 'select * from ' ~ relation ~ ' where not coalesce(' ~ condition ~ ', false)') }}
{%- endmacro %}
