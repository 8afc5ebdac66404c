{#- A name as a key for matching: composed Unicode, lower case, single spaces. -#}
{% macro name_key(name) %}
    {{- return(adapter.dispatch('name_key')(name)) -}}
{% endmacro %}

{% macro default__name_key(name) -%}
    trim(regexp_replace(lower(nfc_normalize({{ name }})), '\s+', ' ', 'g'))
{%- endmacro %}

{% macro spark__name_key(name) -%}
    trim(regexp_replace(lower({{ name }}), '\\s+', ' '))
{%- endmacro %}


{#- The distinct, ordered values of a text column as one text, for a reason that people read. -#}
{% macro comma_list(value) %}
    {{- return(adapter.dispatch('comma_list')(value)) -}}
{% endmacro %}

{% macro default__comma_list(value) -%}
    string_agg(distinct {{ value }}, ', ' order by {{ value }})
{%- endmacro %}

{% macro spark__comma_list(value) -%}
    concat_ws(', ', sort_array(collect_set({{ value }})))
{%- endmacro %}
