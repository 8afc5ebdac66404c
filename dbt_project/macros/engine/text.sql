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


{#- A Vietnamese text in lower case without accents, as people type it: `Đồng Nai` as `dong nai`. -#}
{% macro unaccented(text) %}
    {{- return(adapter.dispatch('unaccented')(text)) -}}
{% endmacro %}

{% macro default__unaccented(text) -%}
    replace(strip_accents(lower(nfc_normalize({{ text }}))), 'đ', 'd')
{%- endmacro %}

{% macro spark__unaccented(text) -%}
    translate(
        lower({{ text }}),
        'àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ',
        '{{ "a" * 17 ~ "e" * 11 ~ "i" * 5 ~ "o" * 17 ~ "u" * 11 ~ "y" * 5 ~ "d" }}'
    )
{%- endmacro %}
