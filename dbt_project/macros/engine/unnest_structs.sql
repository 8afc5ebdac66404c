{#- One row for each struct of a nested list; its fields are read as `item.<field>`. A relation fragment. -#}
{% macro unnest_structs(relation, list_column) %}
    {{- return(adapter.dispatch('unnest_structs')(relation, list_column)) -}}
{% endmacro %}

{% macro default__unnest_structs(relation, list_column) -%}
    {{ relation }} cross join unnest({{ relation }}.{{ list_column }}) as exploded (item)
{%- endmacro %}

{% macro spark__unnest_structs(relation, list_column) -%}
    {{ relation }} lateral view explode({{ relation }}.{{ list_column }}) exploded as item
{%- endmacro %}
