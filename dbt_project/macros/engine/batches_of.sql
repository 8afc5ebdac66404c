{#- The batches of a source of records that readers of the lake see: a query of one column, `batch`. -#}
{% macro batches_of(table) %}
    {{- return(adapter.dispatch('batches_of')(table)) -}}
{% endmacro %}

{#- Names of folders: no file is opened. -#}
{% macro default__batches_of(table) -%}
    select distinct regexp_extract(files.file, 'batch=([^/]+)/rows[.]parquet$', 1) as batch
    from glob('{{ env_var("SERVICE_INDEX_DATA", "../data") }}/lake/{{ table }}/batch=*/rows.parquet') as files
{%- endmacro %}

{% macro spark__batches_of(table) -%}
    select distinct batch from {{ source('exchange', table) }}
{%- endmacro %}
