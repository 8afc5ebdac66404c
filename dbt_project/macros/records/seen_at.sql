{#- A moment that somebody can have seen: null where it lies after the day of its own delivery (docs/adr/0013). -#}
{% macro seen_at(moment, delivery_date) -%}
    case when cast({{ moment }} as date) > {{ delivery_date }} then null else {{ moment }} end
{%- endmacro %}
