{#- A change of engine may hash or sort another way. -#}
{% macro engine_version() %}
    {{- return(adapter.dispatch('engine_version')()) -}}
{% endmacro %}

{% macro default__engine_version() -%} version() {%- endmacro %}

