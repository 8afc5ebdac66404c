{#-
    Seeds on Spark: dbt-spark binds values as texts in quotes, so that a name with an apostrophe and a missing value go wrong.
    Here they are written as literals, in the statement that makes the table. An apostrophe stands in quotes of the other kind,
    because where a backslash is a backslash (profiles.yml) Spark does not read two of them as one.
-#}

{#- A seed with rows is made with them. -#}
{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set sql -%}
        create table {{ this }} (
            {%- for name in agate_table.column_names -%}
                {{ name }} {{ seed_type(model, agate_table, loop.index0) }}
                {{- ', ' if not loop.last }}
            {%- endfor -%}
        )
    {%- endset -%}
    {%- if not agate_table.rows -%} {%- call statement('_') -%} {{ sql }} {%- endcall -%} {%- endif -%}
    {{- return(sql) -}}
{%- endmacro %}


{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set apostrophe = "' || \"'\" || '" -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set data_type = seed_type(model, agate_table, loop.index0) -%}
        {%- do columns.append('cast(' ~ name ~ ' as ' ~ data_type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    {%- set sql -%}
        create table {{ this }} as
        select {{ columns | join(', ') }}
        from values
            {% for row in agate_table.rows -%}
                (
                {%- for value in row -%}
                    {%- if value is none -%} null
                    {%- else -%} '{{ value | string | replace("'", apostrophe) }}'
                    {%- endif -%}
                    {{- ', ' if not loop.last -}}
                {%- endfor -%}
                ){{ ',' if not loop.last }}
            {% endfor %}
            as rows ({{ agate_table.column_names | join(', ') }})
    {%- endset -%}
    {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
    {{- return(sql) -}}
{%- endmacro %}


{#- The type of a seed's column: the one that it is given, or what dbt takes its values for. -#}
{% macro seed_type(model, agate_table, column) -%}
    {%- set given = model.config.get('column_types', {}) -%}
    {{- return(spark_type(given.get(agate_table.column_names[column], adapter.convert_type(agate_table, column)))) -}}
{%- endmacro %}
