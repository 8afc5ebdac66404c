{#- The batches of a source of records that readers of the lake see, and the state of their files: (batch, content). -#}
{% macro batches_of(table) %}
    {{- return(adapter.dispatch('batches_of')(table)) -}}
{% endmacro %}

{#- Names, sizes and times of files: none is opened. -#}
{% macro default__batches_of(table) -%}
    select
        regexp_extract(files.filename, 'batch=([^/]+)/[^/]*$', 1) as batch,
        cast(sum(hash(regexp_extract(files.filename, '[^/]*$'), files.size, epoch_us(files.last_modified))) as varchar)
            as content
    from read_blob('{{ env_var("SERVICE_INDEX_DATA", "../data") }}/lake/{{ table }}/batch=*/rows*.parquet') as files
    group by 1
{%- endmacro %}

{#- A lake in tables says nothing of files: a batch of one name is taken for the same. -#}
{% macro spark__batches_of(table) -%}
    select distinct
        batch,
        '' as content
    from {{ source('exchange', table) }}
{%- endmacro %}
