{#-
    What decides between versions, as one whole number of 127 bits, so that `max` compares numbers and no window
    sorts wide rows. From the left: source moment (34 bits, seconds since 1900), how far the state is (4), the
    version's own moment (34), delivery (16, days since 1970), content (38). A missing moment is the earliest.
-#}
{% macro version_order(source_moment, progress_order, own_moment, delivery_date, content_id) %}
    {{- return(adapter.dispatch('version_order')(source_moment, progress_order, own_moment, delivery_date, content_id)) -}}
{% endmacro %}

{%- macro moment_number(moment) -%}
    greatest(coalesce({{ seconds_of(moment) }}, -2208988800) + 2208988800, 0)
{%- endmacro %}

{% macro default__version_order(source_moment, progress_order, own_moment, delivery_date, content_id) -%}
    (cast({{ moment_number(source_moment) }} * 16 + {{ progress_order }} as hugeint) * 17179869184
        + {{ moment_number(own_moment) }}) * 18014398509481984
    + (cast({{ delivery_date }} - cast('1970-01-01' as date) as bigint) * 274877906944 + ({{ content_id }} >> 25))
{%- endmacro %}

{% macro spark__version_order(source_moment, progress_order, own_moment, delivery_date, content_id) -%}
    struct(
        {{ moment_number(source_moment) }}, {{ progress_order }}, {{ moment_number(own_moment) }},
        {{ delivery_date }}, {{ content_id }}
    )
{%- endmacro %}
