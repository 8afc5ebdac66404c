{#- A whole number, 63 bits, that is a key for the values of some columns. Equal values, equal number. -#}
{% macro surrogate_key(columns) %}
    {{- return(adapter.dispatch('surrogate_key')(columns)) -}}
{% endmacro %}

{% macro default__surrogate_key(columns) -%}
    cast(hash({{ columns | join(', ') }}) >> 1 as bigint)
{%- endmacro %}

{#- A missing value leaves Spark's hash as it is: that it is missing is hashed as well. -#}
{% macro spark__surrogate_key(columns) -%}
    shiftrightunsigned(
        xxhash64({% for column in columns %}{{ column }}, {{ column }} is null{{ ', ' if not loop.last }}{% endfor %}), 1
    )
{%- endmacro %}


{#- Whole seconds since 1970 of a wall-clock moment; what is left of one is cut off. -#}
{% macro seconds_of(moment) %}
    {{- return(adapter.dispatch('seconds_of')(moment)) -}}
{% endmacro %}

{% macro default__seconds_of(moment) -%}
    cast(floor(epoch({{ moment }})) as bigint)
{%- endmacro %}

{% macro spark__seconds_of(moment) -%}
    unix_timestamp({{ moment }})
{%- endmacro %}


{#- The bit of a day within its month: a set of days of one month is one whole number. -#}
{% macro day_bit(day) %}
    {{- return(adapter.dispatch('day_bit')(day)) -}}
{% endmacro %}

{% macro default__day_bit(day) -%}
    (cast(1 as bigint) << (day({{ day }}) - 1))
{%- endmacro %}

{% macro spark__day_bit(day) -%}
    shiftleft(cast(1 as bigint), day({{ day }}) - 1)
{%- endmacro %}


{#- The days of one month, from one date to another, as bits; both included. -#}
{% macro day_bits(from_day, to_day) -%}
    cast(power(2, day({{ to_day }})) - power(2, day({{ from_day }}) - 1) as bigint)
{%- endmacro %}
