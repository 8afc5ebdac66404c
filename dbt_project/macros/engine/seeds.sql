{#-
    Seeds on Spark: dbt-spark binds values as texts in quotes, so that a name with an apostrophe and a missing value go wrong.
    Here they are written as literals. An apostrophe stands in quotes of the other kind, because where a backslash is a
    backslash (profiles.yml) Spark does not read two of them as one.
-#}
{% macro spark__create_csv_table(model, agate_table) -%}
    {%- set given = model.config.get('column_types', {}) -%}
    {%- set sql -%}
        create table {{ this }} (
            {%- for name in agate_table.column_names -%}
                {{ name }} {{ spark_type(given.get(name, adapter.convert_type(agate_table, loop.index0))) }}
                {{- ', ' if not loop.last }}
            {%- endfor -%}
        )
    {%- endset -%}
    {%- call statement('_') -%} {{ sql }} {%- endcall -%}
    {{- return(sql) -}}
{%- endmacro %}


{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set given = model.config.get('column_types', {}) -%}
    {%- set apostrophe = "' || \"'\" || '" -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set data_type = spark_type(given.get(name, adapter.convert_type(agate_table, loop.index0))) -%}
        {%- do columns.append('cast(' ~ name ~ ' as ' ~ data_type ~ ') as ' ~ name) -%}
    {%- endfor -%}
    {%- set sql -%}
        insert into {{ this }}
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
    {%- if agate_table.rows -%} {%- do adapter.add_query(sql, abridge_sql_log=True) -%} {%- endif -%}
    {{- return(sql) -}}
{%- endmacro %}
