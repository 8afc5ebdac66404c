{#-
    Before the first model: sources as the engine finds them. DuckDB reads the files that a source names (`external_location`);
    Spark has a table without data of its own over each dataset, made again each run, so that it has today's batches and
    columns, and another over the manifests of its batches: a view over files would look into all of them each time that it
    is planned.
-#}
{% macro open_lake() %}
    {{- return(adapter.dispatch('open_lake')()) -}}
{% endmacro %}

{% macro default__open_lake() -%} {%- endmacro %}

{#- Records are in `rows*.parquet`; `files.parquet` beside them is the manifest of the batch (manifests_of). -#}
{% macro spark__open_lake() -%}
    {%- set sources = graph.sources.values() | list -%}
    {%- for schema in ['manifests'] + sources | map(attribute='schema') | unique | list -%}
        {%- do run_query('create schema if not exists ' ~ schema) -%}
    {%- endfor -%}
    {%- for source in sources -%}
        {%- for relation, files in [
            (source.schema ~ '.' ~ source.identifier, 'rows*.parquet'), ('manifests.' ~ source.name, 'files.parquet'),
        ] -%}
            {%- do run_query('drop table if exists ' ~ relation) -%}
            {%- do run_query(
                'create table ' ~ relation ~ " using parquet options (pathGlobFilter '" ~ files ~ "', path '"
                ~ env_var('SERVICE_INDEX_DATA', '../data') ~ '/lake/' ~ source.name ~ "')"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
