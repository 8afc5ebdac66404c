{#-
    What decides between versions, an order for `max_by`, so that no window sorts wide rows: source moment, how far the
    state is, the version's own moment, delivery, content. Moments count in whole seconds; a missing one is the earliest.
-#}
{% macro version_order(source_moment, progress_order, own_moment, delivery_date, content_id) %}
    {{- return(in_order([
        seconds_or_earliest(source_moment), progress_order, seconds_or_earliest(own_moment), delivery_date, content_id,
    ])) -}}
{% endmacro %}

{#- The earliest is the first second of 1900: contracts let no moment before 2000 in. -#}
{%- macro seconds_or_earliest(moment) -%}
    coalesce({{ seconds_of(moment) }}, -2208988800)
{%- endmacro %}


{#- Values that are compared from the left, as one value. None of them may be null: engines place nulls differently. -#}
{% macro in_order(values) %}
    {{- return(adapter.dispatch('in_order')(values)) -}}
{% endmacro %}

{% macro default__in_order(values) -%}
    row({{ values | join(', ') }})
{%- endmacro %}

{% macro spark__in_order(values) -%}
    struct({{ values | join(', ') }})
{%- endmacro %}
