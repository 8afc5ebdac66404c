{#-
    Contracts on Spark. Engines type a count or a sum each in its own way, so DuckDB, on which the contracts are kept, holds a
    model to names and types, and Spark is given them: each column of the contract by its name, which must be there, cast to
    its type. What dbt asks beside that (columns of the query, columns of the table for comments) is left out: each is a
    query planned once more.
-#}

{#- A type of a contract or a seed as Spark names it. -#}
{% macro spark_type(data_type) %}
    {{- return({
        'varchar': 'string', 'hugeint': 'decimal(38, 0)', 'timestamp with time zone': 'timestamp_ltz',
    }.get(data_type | lower, data_type)) -}}
{% endmacro %}


{#- Checked on DuckDB. -#}
{% macro spark__get_assert_columns_equivalent(sql) -%} {%- endmacro %}


{#-
    The columns of a contract, of those types. Tables of Parquet know no constraint: what must not be null ends the query that
    writes it. Of what is a view on DuckDB nothing is checked there either.
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

{#- Nor comments on columns; that of the table is written with it. -#}
{% macro spark__persist_docs(relation, model, for_relation, for_columns) -%} {%- endmacro %}
