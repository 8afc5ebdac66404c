{#- The latest of several moments, nulls passed over (`greatest` does so by itself; here it is meant). -#}
{% macro greatest_non_null(moments) -%}
    greatest({{ moments | join(', ') }})
{%- endmacro %}
