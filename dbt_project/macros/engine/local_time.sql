{#- A moment (with zone) as wall-clock time in Vietnam. -#}
{% macro local_time(moment) %}
    {{- return(adapter.dispatch('local_time')(moment)) -}}
{% endmacro %}

{% macro default__local_time(moment) -%}
    timezone('Asia/Ho_Chi_Minh', {{ moment }})
{%- endmacro %}

{% macro spark__local_time(moment) -%}
    from_utc_timestamp(to_utc_timestamp({{ moment }}, current_timezone()), 'Asia/Ho_Chi_Minh')
{%- endmacro %}
