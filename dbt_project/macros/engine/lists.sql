{#- Nested lists without unnesting: one row stays one row. Conditions and values speak of an element as `item`. -#}

{#- Whether some element meets a condition; false for an empty list, and where it cannot be said. -#}
{% macro array_any(list, condition) %}
    {{- return(adapter.dispatch('array_any')(list, condition)) -}}
{% endmacro %}

{% macro default__array_any(list, condition) -%}
    coalesce(len(list_filter({{ list }}, item -> {{ condition }})) > 0, false)
{%- endmacro %}

{% macro spark__array_any(list, condition) -%}
    coalesce(exists({{ list }}, item -> {{ condition }}), false)
{%- endmacro %}


{#- How many elements meet a condition. -#}
{% macro array_count_where(list, condition) %}
    {{- return(adapter.dispatch('array_count_where')(list, condition)) -}}
{% endmacro %}

{% macro default__array_count_where(list, condition) -%}
    len(list_filter({{ list }}, item -> {{ condition }}))
{%- endmacro %}

{% macro spark__array_count_where(list, condition) -%}
    size(filter({{ list }}, item -> {{ condition }}))
{%- endmacro %}


{#- The elements that meet a condition. -#}
{% macro array_filter(list, condition) %}
    {{- return(adapter.dispatch('array_filter')(list, condition)) -}}
{% endmacro %}

{% macro default__array_filter(list, condition) -%}
    list_filter({{ list }}, item -> {{ condition }})
{%- endmacro %}

{% macro spark__array_filter(list, condition) -%}
    filter({{ list }}, item -> {{ condition }})
{%- endmacro %}


{#- A value of each element, as a list. -#}
{% macro array_transform(list, value) %}
    {{- return(adapter.dispatch('array_transform')(list, value)) -}}
{% endmacro %}

{% macro default__array_transform(list, value) -%}
    list_transform({{ list }}, item -> {{ value }})
{%- endmacro %}

{% macro spark__array_transform(list, value) -%}
    transform({{ list }}, item -> {{ value }})
{%- endmacro %}


{#- The largest value of the elements; null for an empty list. Nulls are passed over. -#}
{% macro array_max(list, value) %}
    {{- return(adapter.dispatch('array_max')(list, value)) -}}
{% endmacro %}

{% macro default__array_max(list, value) -%}
    list_max(list_transform({{ list }}, item -> {{ value }}))
{%- endmacro %}

{% macro spark__array_max(list, value) -%}
    array_max(transform({{ list }}, item -> {{ value }}))
{%- endmacro %}


{#- Whether a list of plain values holds a value; false where either is missing. -#}
{% macro array_contains(list, value) %}
    {{- return(adapter.dispatch('array_contains')(list, value)) -}}
{% endmacro %}

{% macro default__array_contains(list, value) -%}
    coalesce(list_contains({{ list }}, {{ value }}), false)
{%- endmacro %}

{% macro spark__array_contains(list, value) -%}
    coalesce(array_contains({{ list }}, {{ value }}), false)
{%- endmacro %}


{#- Number of elements. -#}
{% macro array_length(list) %}
    {{- return(adapter.dispatch('array_length')(list)) -}}
{% endmacro %}

{% macro default__array_length(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__array_length(list) -%}
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
                        start := floor(epoch(greatest(item.requested_at, {{ from_moment }}))),
                        until := floor(epoch(least(item.received_at, {{ to_moment }}))),
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
{% macro array_agg_distinct(value) %}
    {{- return(adapter.dispatch('array_agg_distinct')(value)) -}}
{% endmacro %}

{% macro default__array_agg_distinct(value) -%}
    coalesce(list({{ value }}), [])
{%- endmacro %}

{% macro spark__array_agg_distinct(value) -%}
    collect_list({{ value }})
{%- endmacro %}


{#- The first element. -#}
{% macro array_first(list) %}
    {{- return(adapter.dispatch('array_first')(list)) -}}
{% endmacro %}

{% macro default__array_first(list) -%}
    {{ list }}[1]
{%- endmacro %}

{% macro spark__array_first(list) -%}
    {{ list }}[0]
{%- endmacro %}


{#- Of a list of requests only when each began and was met: what lies between is waiting. -#}
{% macro intervals(list) %}
    {{- return(adapter.dispatch('intervals')(list)) -}}
{% endmacro %}

{% macro default__intervals(list) -%}
    list_transform(
        {{ list }}, item -> struct_pack(requested_at := item.requested_at, received_at := item.received_at)
    )
{%- endmacro %}

{% macro spark__intervals(list) -%}
    transform(
        {{ list }}, item -> named_struct('requested_at', item.requested_at, 'received_at', item.received_at)
    )
{%- endmacro %}
