{#-
    Contracts on Spark. Engines type a count or a sum each in its own way, so DuckDB, on which the contracts are kept, holds a
    model to the types, and Spark is given them as casts: names must agree, and what is written has the types of the contract.
-#}

{#- A type of a contract or a seed as Spark names it. -#}
{% macro spark_type(data_type) %}
    {{- return({
        'varchar': 'string', 'hugeint': 'decimal(38, 0)', 'timestamp with time zone': 'timestamp_ltz',
    }.get(data_type | lower, data_type)) -}}
{% endmacro %}


{% macro spark__get_empty_schema_sql(columns) -%}
    select
        {% for column in columns.values() %}
        cast(null as {{ spark_type(column.data_type) }}) as {{ column.name }}{{ ',' if not loop.last }}
        {% endfor %}
{%- endmacro %}


{#- What a model's columns are compared by: the name alone. -#}
{% macro spark__format_column(column) -%}
    {{- return({'name': column.name, 'data_type': column.dtype, 'formatted': column.name | lower}) -}}
{%- endmacro %}


{#-
    The columns of a contract, of those types. Tables of Parquet know no constraint: what must not be null ends the query that
    writes it. A view writes nothing.
-#}
{% macro spark__get_column_names() %}
    {%- for column in model.columns.values() -%}
        {%- set value = 'cast(' ~ column.name ~ ' as ' ~ spark_type(column.data_type) ~ ')' -%}
        {%- set is_needed = column.constraints | selectattr('type', 'equalto', 'not_null') | list -%}
        {%- if is_needed and config.get('materialized') != 'view' -%}
            {%- set value = 'coalesce(' ~ value ~ ", raise_error('" ~ this ~ '.' ~ column.name ~ " is null'))" -%}
        {%- endif %}
        {{ value }} as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{% endmacro %}

{#- dbt-spark alters columns, which tables of Parquet do not allow. -#}
{% macro spark__persist_constraints(relation, model) -%} {%- endmacro %}


{#- As dbt-spark's, with these types, and without comments on columns, for which a query would be run once more. -#}
{% macro spark__create_view_as(relation, sql) -%}
    {%- set is_contracted = config.get('contract').enforced -%}
    {%- if is_contracted -%} {{ get_assert_columns_equivalent(sql) }} {%- endif -%}
    create or replace view {{ relation }}
    {{ comment_clause() }}
    as
    {{ get_select_subquery(sql) if is_contracted else sql }}
{%- endmacro %}
