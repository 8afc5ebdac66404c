{#-
    Views on Spark. A view that is served is written as a table: who reads Spark's files finds no view in them, and a mart over
    the 25 views of indicators would be planned with all of them in it, which takes longer than computing them. Staging stays
    views.

    The variable `rows_of_views` says by name of a view which of its rows are wanted (bench/parity.py): one of pairs of periods
    grows with the square of the nights.
-#}
{% materialization view, adapter='spark' %}
    {%- set existing = load_relation(this) -%}
    {%- set is_served = model.access == 'public' -%}
    {%- set relation = this.incorporate(type='table' if is_served else 'view') -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and (is_served or existing.type != 'view') -%}
        {%- do adapter.drop_relation(existing) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        {%- if is_served -%}
            {%- set wanted = var('rows_of_views', {}).get(model.name, 'true') -%}
            {{ create_table_as(False, relation, 'select * from (' ~ sql ~ '\n) as viewed where ' ~ wanted) }}
        {%- else -%}
            create or replace view {{ relation }} as {{ sql }}
        {%- endif -%}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {{ return({'relations': [relation]}) }}
{% endmaterialization %}
