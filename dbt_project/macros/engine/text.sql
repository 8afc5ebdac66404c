{#- The distinct, ordered values of a text column as one text, for a reason that people read. -#}
{% macro comma_list(value) %}
    {{- return(adapter.dispatch('comma_list')(value)) -}}
{% endmacro %}

{% macro default__comma_list(value) -%}
    string_agg(distinct {{ value }}, ', ' order by {{ value }})
{%- endmacro %}

{% macro spark__comma_list(value) -%}
    concat_ws(', ', sort_array(collect_set({{ value }})))
{%- endmacro %}
