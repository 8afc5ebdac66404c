{#- Nested lists without unnesting: one row stays one row. Conditions and values speak of an element as `item`. -#}

{#- Whether some element meets a condition; false for an empty list, and where it cannot be said. -#}
{% macro any_item(list, condition) %}
    {{- return(adapter.dispatch('any_item')(list, condition)) -}}
{% endmacro %}

{% macro default__any_item(list, condition) -%}
    coalesce(len(list_filter({{ list }}, item -> {{ condition }})) > 0, false)
{%- endmacro %}

{% macro spark__any_item(list, condition) -%}
    coalesce(exists({{ list }}, item -> {{ condition }}), false)
{%- endmacro %}


{#- How many elements meet a condition. -#}
{% macro count_items_where(list, condition) %}
    {{- return(adapter.dispatch('count_items_where')(list, condition)) -}}
{% endmacro %}

{% macro default__count_items_where(list, condition) -%}
    len(list_filter({{ list }}, item -> {{ condition }}))
{%- endmacro %}

{% macro spark__count_items_where(list, condition) -%}
    size(filter({{ list }}, item -> {{ condition }}))
{%- endmacro %}


{#- The elements that meet a condition. -#}
{% macro items_where(list, condition) %}
    {{- return(adapter.dispatch('items_where')(list, condition)) -}}
{% endmacro %}

{% macro default__items_where(list, condition) -%}
    list_filter({{ list }}, item -> {{ condition }})
{%- endmacro %}

{% macro spark__items_where(list, condition) -%}
    filter({{ list }}, item -> {{ condition }})
{%- endmacro %}


{#- A value of each element, as a list. -#}
{% macro values_of(list, value) %}
    {{- return(adapter.dispatch('values_of')(list, value)) -}}
{% endmacro %}

{% macro default__values_of(list, value) -%}
    list_transform({{ list }}, item -> {{ value }})
{%- endmacro %}

{% macro spark__values_of(list, value) -%}
    transform({{ list }}, item -> {{ value }})
{%- endmacro %}


{#- The largest value of the elements; null for an empty list. Nulls are passed over. -#}
{% macro largest_of(list, value) %}
    {{- return(adapter.dispatch('largest_of')(list, value)) -}}
{% endmacro %}

{% macro default__largest_of(list, value) -%}
    list_max(list_transform({{ list }}, item -> {{ value }}))
{%- endmacro %}

{% macro spark__largest_of(list, value) -%}
    array_max(transform({{ list }}, item -> {{ value }}))
{%- endmacro %}


{#- Whether a list of plain values holds a value; false where either is missing. -#}
{% macro holds(list, value) %}
    {{- return(adapter.dispatch('holds')(list, value)) -}}
{% endmacro %}

{% macro default__holds(list, value) -%}
    coalesce(list_contains({{ list }}, {{ value }}), false)
{%- endmacro %}

{% macro spark__holds(list, value) -%}
    coalesce(array_contains({{ list }}, {{ value }}), false)
{%- endmacro %}


{#- Number of elements. -#}
{% macro length_of(list) %}
    {{- return(adapter.dispatch('length_of')(list)) -}}
{% endmacro %}

{% macro default__length_of(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__length_of(list) -%}
    size({{ list }})
{%- endmacro %}


{#-
    Seconds covered by a list of stretches (fields `requested_at`, `received_at`), overlaps counted once, and only
    what lies between two moments. Stretches are walked in the order of their start; `until` is how far is counted.
-#}
{% macro seconds_covered(list, from_moment, to_moment) %}
    {{- return(adapter.dispatch('seconds_covered')(list, from_moment, to_moment)) -}}
{% endmacro %}

{% macro default__seconds_covered(list, from_moment, to_moment) -%}
    case
        when len({{ list }}) = 0 then 0
        else
            list_reduce(
                list_sort(list_transform(
                    {{ list }},
                    item -> struct_pack(
                        start := epoch(greatest(item.requested_at, {{ from_moment }})),
                        until := epoch(least(item.received_at, {{ to_moment }})),
                        total := cast(0 as double)
                    )
                )),
                (walked, item) -> struct_pack(
                    start := item.start,
                    until := greatest(walked.until, item.until),
                    total := walked.total + greatest(0, item.until - greatest(item.start, walked.until))
                ),
                struct_pack(start := cast(0 as double), until := cast(-1e15 as double), total := cast(0 as double))
            ).total
    end
{%- endmacro %}

{% macro spark__seconds_covered(list, from_moment, to_moment) -%}
    aggregate(
        array_sort(transform(
            {{ list }},
            item -> named_struct(
                'start', cast(unix_timestamp(greatest(item.requested_at, {{ from_moment }})) as double),
                'until', cast(unix_timestamp(least(item.received_at, {{ to_moment }})) as double)
            )
        )),
        named_struct('until', cast(-1e15 as double), 'total', cast(0 as double)),
        (walked, item) -> named_struct(
            'until', greatest(walked.until, item.until),
            'total', walked.total + greatest(0, item.until - greatest(item.start, walked.until))
        ),
        walked -> walked.total
    )
{%- endmacro %}


{#- A text of parts with dots, its parts turned round: `95.H19` becomes `H19.95`. -#}
{% macro parts_reversed(value) %}
    {{- return(adapter.dispatch('parts_reversed')(value)) -}}
{% endmacro %}

{% macro default__parts_reversed(value) -%}
    array_to_string(list_reverse(string_split({{ value }}, '.')), '.')
{%- endmacro %}

{% macro spark__parts_reversed(value) -%}
    concat_ws('.', reverse(split({{ value }}, '[.]')))
{%- endmacro %}


{#- The values of a column as one list; empty where there is no row. An aggregate. -#}
{% macro values_as_list(value) %}
    {{- return(adapter.dispatch('values_as_list')(value)) -}}
{% endmacro %}

{% macro default__values_as_list(value) -%}
    coalesce(list({{ value }}), [])
{%- endmacro %}

{% macro spark__values_as_list(value) -%}
    collect_list({{ value }})
{%- endmacro %}


{#- The first element. -#}
{% macro first_of(list) %}
    {{- return(adapter.dispatch('first_of')(list)) -}}
{% endmacro %}

{% macro default__first_of(list) -%}
    {{ list }}[1]
{%- endmacro %}

{% macro spark__first_of(list) -%}
    {{ list }}[0]
{%- endmacro %}


{#- Of a list of requests only when each began and was met: what lies between is waiting. -#}
{% macro stretches(list) %}
    {{- return(adapter.dispatch('stretches')(list)) -}}
{% endmacro %}

{% macro default__stretches(list) -%}
    list_transform(
        {{ list }}, item -> struct_pack(requested_at := item.requested_at, received_at := item.received_at)
    )
{%- endmacro %}

{% macro spark__stretches(list) -%}
    transform(
        {{ list }}, item -> named_struct('requested_at', item.requested_at, 'received_at', item.received_at)
    )
{%- endmacro %}
