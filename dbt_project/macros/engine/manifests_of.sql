{#- What was delivered of a source of records: the rows of files.parquet of the batches that readers of the lake see. -#}
{% macro manifests_of(table) %}
    {{- return(adapter.dispatch('manifests_of')(table)) -}}
{% endmacro %}

{% macro default__manifests_of(table) -%}
    read_parquet('{{ env_var("SERVICE_INDEX_DATA", "../data") }}/lake/{{ table }}/batch=*/files.parquet',
    hive_partitioning = false, union_by_name = true)
{%- endmacro %}

{#- The batch is a column of it as well, the last one. -#}
{% macro spark__manifests_of(table) -%}
    manifests.{{ table }}
{%- endmacro %}
