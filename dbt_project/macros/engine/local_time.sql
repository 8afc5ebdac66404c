{#- A moment (with zone) as wall-clock time in Vietnam. -#}
{% macro local_time(moment) %}
    {{- return(adapter.dispatch('local_time')(moment)) -}}
{% endmacro %}

{% macro default__local_time(moment) -%}
    timezone('Asia/Ho_Chi_Minh', {{ moment }})
{%- endmacro %}

{% macro spark__local_time(moment) -%}
    convert_timezone(current_timezone(), 'Asia/Ho_Chi_Minh', cast({{ moment }} as timestamp_ntz))
{%- endmacro %}
