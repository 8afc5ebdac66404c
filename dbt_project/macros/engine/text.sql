{#- The distinct, ordered values of a text column as one text, for a reason that people read. -#}
{% macro comma_list(value) %}
    {{- return(adapter.dispatch('comma_list')(value)) -}}
{% endmacro %}

{% macro default__comma_list(value) -%}
    string_agg(distinct {{ value }}, ', ' order by {{ value }})
{%- endmacro %}

{% macro spark__comma_list(value) -%}
    nullif(concat_ws(', ', sort_array(collect_set({{ value }}))), '')
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
        {{ composed('lower(' ~ text ~ ')') }},
        'àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ',
        '{{ "a" * 17 ~ "e" * 11 ~ "i" * 5 ~ "o" * 17 ~ "u" * 11 ~ "y" * 5 ~ "d" }}'
    )
{%- endmacro %}


{#-
    A text in lower case with each Vietnamese letter as one character (NFC), where Spark has no function of its own: letter
    and mark, and then what they make and the next mark, the dot below first, as the standard orders them.
-#}
{% macro composed(text) -%}
    {%- set grave, acute, hook, tilde, dot = '\u0300', '\u0301', '\u0309', '\u0303', '\u0323' -%}
    {%- set marks = [(grave, 'àèìòùỳằầềồờừ'), (acute, 'áéíóúýắấếốớứ'), (hook, 'ảẻỉỏủỷẳẩểổởử'), (tilde, 'ãẽĩõũỹẵẫễỗỡữ')] -%}
    {%- set shaped = [('a', '\u0306', 'ă'), ('a', '\u0302', 'â'), ('e', '\u0302', 'ê'), ('o', '\u0302', 'ô'),
        ('o', '\u031b', 'ơ'), ('u', '\u031b', 'ư')] -%}
    {%- set pairs = [] -%}
    {%- for letter, mark, whole in shaped -%}{%- do pairs.append((letter ~ mark, whole)) -%}{%- endfor -%}
    {%- for letter, whole in zip('aeiouyăâêôơư', 'ạẹịọụỵặậệộợự') -%}{%- do pairs.append((letter ~ dot, whole)) -%}{%- endfor -%}
    {%- for letter, mark, whole in [('ạ', '\u0306', 'ặ'), ('ạ', '\u0302', 'ậ'), ('ẹ', '\u0302', 'ệ'), ('ọ', '\u0302', 'ộ')] -%}
        {%- do pairs.append((letter ~ mark, whole)) -%}
    {%- endfor -%}
    {%- for mark, wholes in marks -%}
        {%- for letter, whole in zip('aeiouyăâêôơư', wholes) -%}{%- do pairs.append((letter ~ mark, whole)) -%}{%- endfor -%}
    {%- endfor -%}
    aggregate(
        array({% for apart, whole in pairs %}array('{{ apart }}', '{{ whole }}'){{ ', ' if not loop.last }}{% endfor %}),
        {{ text }},
        (composed, pair) -> replace(composed, pair[0], pair[1])
    )
{%- endmacro %}
