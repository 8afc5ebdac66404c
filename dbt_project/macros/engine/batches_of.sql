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

{#- Of each file Spark knows the same; a hook cannot refer to a source. -#}
{% macro spark__batches_of(table) -%}
    select
        batch,
        cast(sum(cast(xxhash64(file_name, file_size, file_modified_at) as decimal(38, 0))) as string) as content
    from (
        select distinct
            batch,
            _metadata.file_name as file_name,
            _metadata.file_size as file_size,
            _metadata.file_modification_time as file_modified_at
        from exchange.{{ table }}
    ) as files
    group by batch
{%- endmacro %}
