{#- The latest of several moments, nulls passed over (`greatest` does so by itself; here it is meant). -#}
{% macro latest_of(moments) -%}
    greatest({{ moments | join(', ') }})
{%- endmacro %}
