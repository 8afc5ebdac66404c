{#-
    Incremental models on Spark, by the strategy that all of ours have, `delete+insert`: rows whose key is among the new ones
    are replaced by them. dbt-spark knows it for no format. Parquet has neither `merge` nor `delete`, and overwriting
    partitions helps where the new rows are in few of them, which dossiers of one day are not: the table is written again,
    without what is replaced, and takes the place of the old one. Whoever is killed between these two finds no table, and makes
    it from nothing (macros/incremental). There is no transaction that a hook after the rows could share: it runs before them,
    so that what is used is noted before it is used.
-#}
{% materialization incremental, adapter='spark', supported_languages=['sql'] %}
    {%- set existing = load_relation(this) -%}
    {%- set key = config.require('unique_key') -%}
    {%- set new_rows = this.incorporate(path={'identifier': this.identifier ~ '__new_rows'}) -%}
    {%- if config.get('incremental_strategy') != 'delete+insert' -%}
        {%- do exceptions.raise_compiler_error('expected the strategy delete+insert, as all incremental models have it') -%}
    {%- endif -%}

    {{ run_hooks(pre_hooks) }}
    {{ run_hooks(post_hooks) }}
    {%- if not is_incremental() -%}
        {%- if existing is not none -%} {%- do adapter.drop_relation(existing) -%} {%- endif -%}
        {%- call statement('main') -%} {{ create_table_as(False, this, sql) }} {%- endcall -%}
    {%- else -%}
        {%- do run_query('drop table if exists ' ~ new_rows) -%}
        {%- do run_query(create_table_as(False, new_rows, sql)) -%}
        {%- set columns = adapter.get_columns_in_relation(existing) | map(attribute='name') | join(', ') -%}
        {%- set replaced -%}
            select {{ columns }}
            from {{ this }} as old_rows
            where not exists (select 1 from {{ new_rows }} as new_rows where new_rows.{{ key }} = old_rows.{{ key }})
            union all
            select {{ columns }}
            from {{ new_rows }}
        {%- endset -%}
        {%- call statement('main') -%} {{ replace_table(this, replaced) }} {%- endcall -%}
        {%- do run_query('drop table ' ~ new_rows) -%}
    {%- endif -%}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}
