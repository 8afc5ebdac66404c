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


{#- Whole days from one date to another; negative where the second is the earlier. -#}
{% macro days_from(first_day, second_day) %}
    {{- return(adapter.dispatch('days_from')(first_day, second_day)) -}}
{% endmacro %}

{% macro default__days_from(first_day, second_day) -%}
    cast(date_diff('day', {{ first_day }}, {{ second_day }}) as integer)
{%- endmacro %}

{% macro spark__days_from(first_day, second_day) -%}
    datediff({{ second_day }}, {{ first_day }})
{%- endmacro %}


{#- A moment moved by a number of seconds, given as an expression; negative moves back. -#}
{% macro seconds_after(moment, seconds) %}
    {{- return(adapter.dispatch('seconds_after')(moment, seconds)) -}}
{% endmacro %}

{% macro default__seconds_after(moment, seconds) -%}
    {{ moment }} + to_seconds({{ seconds }})
{%- endmacro %}

{% macro spark__seconds_after(moment, seconds) -%}
    {{ moment }} + make_dt_interval(0, 0, 0, {{ seconds }})
{%- endmacro %}


{#- The last second of a day: what lies before the next midnight. -#}
{% macro end_of_day(day) %}
    {{- return(adapter.dispatch('end_of_day')(day)) -}}
{% endmacro %}

{% macro default__end_of_day(day) -%}
    cast({{ day }} as timestamp) + interval '86399 seconds'
{%- endmacro %}

{% macro spark__end_of_day(day) -%}
    cast({{ day }} as timestamp) + make_dt_interval(0, 0, 0, 86399)
{%- endmacro %}


{#- The first day of the month or quarter of a date. -#}
{% macro first_day_of(part, day) %}
    {{- return(adapter.dispatch('first_day_of')(part, day)) -}}
{% endmacro %}

{% macro default__first_day_of(part, day) -%}
    cast(date_trunc('{{ part }}', {{ day }}) as date)
{%- endmacro %}

{% macro spark__first_day_of(part, day) -%}
    trunc({{ day }}, '{{ part }}')
{%- endmacro %}


{#- Every day between two dates, both included: a relation of one column, `calendar_date`. -#}
{% macro days_between(first_day, last_day) %}
    {{- return(adapter.dispatch('days_between')(first_day, last_day)) -}}
{% endmacro %}

{% macro default__days_between(first_day, last_day) -%}
    select cast(moments.moment as date) as calendar_date
    from generate_series(
        cast('{{ first_day }}' as timestamp), cast('{{ last_day }}' as timestamp), interval '1 day'
    ) as moments (moment)
{%- endmacro %}

{% macro spark__days_between(first_day, last_day) -%}
    select explode(sequence(date '{{ first_day }}', date '{{ last_day }}')) as calendar_date
{%- endmacro %}


{#- 1 for Monday to 7 for Sunday. -#}
{% macro iso_weekday(day) %}
    {{- return(adapter.dispatch('iso_weekday')(day)) -}}
{% endmacro %}

{% macro default__iso_weekday(day) -%}
    isodow({{ day }})
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    (weekday({{ day }}) + 1)
{%- endmacro %}
