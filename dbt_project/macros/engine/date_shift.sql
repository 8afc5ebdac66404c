{#- Calendar arithmetic that engines write differently. -#}
{% macro hours_before(moment, hours) %}
    {{- return(adapter.dispatch('hours_before')(moment, hours)) -}}
{% endmacro %}

{% macro default__hours_before(moment, hours) -%}
    {{ moment }} - interval '{{ hours }} hours'
{%- endmacro %}

{% macro spark__hours_before(moment, hours) -%}
    {{ moment }} - make_dt_interval(0, {{ hours }}, 0, 0)
{%- endmacro %}


{#- The day before a date. -#}
{% macro day_before(day) %}
    {{- return(adapter.dispatch('day_before')(day)) -}}
{% endmacro %}

{% macro default__day_before(day) -%}
    cast({{ day }} - interval '1 day' as date)
{%- endmacro %}

{% macro spark__day_before(day) -%}
    date_sub({{ day }}, 1)
{%- endmacro %}
