{#-
    The name of a unit as a key for comparing: NFC, lower case, one blank, ` - ` for any dash, comma or bracket, one kind
    of apostrophe, the mark of a tone on one vowel (`hòa` and `hoà`), without the office (`UBND`). Ingestion compares by
    the same key (`orchestration/ingestion/unit_identity.py`).
-#}
{% macro unit_name_key(name) %}
    {{- return(adapter.dispatch('unit_name_key')(name)) -}}
{% endmacro %}

{#- Of blanks and invisible characters these classes list each; a tab or a line break is a blank as well. -#}
{% macro default__unit_name_key(name) -%}
    {%- set blank = '[\\s\\x{00A0}\\x{2000}-\\x{200A}\\x{202F}\\x{3000}]' -%}
    {%- set invisible = '[\\x{00AD}\\x{200B}-\\x{200F}\\x{2060}\\x{FEFF}]' -%}
    {%- set folded = "translate(lower(nfc_normalize(regexp_replace(" ~ name ~ ", '" ~ invisible ~ "', '', 'g'))), '’‘ʼ`)', "
        ~ "repeat(chr(39), 4))" -%}
    {%- set separated = "regexp_replace(" ~ folded ~ ", '" ~ blank ~ "*[-–—,(]" ~ blank ~ "*', ' - ', 'g')" -%}
    regexp_replace(
        trim(regexp_replace({{ tones_placed(separated) }}, '{{ blank }}+', ' ', 'g')), '^(ubnd|uỷ ban nhân dân) ', ''
    )
{%- endmacro %}

{#- Spark replaces all that it finds, and nothing in it composes letters. -#}
{% macro spark__unit_name_key(name) -%}
    {%- set blank = '[\\s\\x{00A0}\\x{2000}-\\x{200A}\\x{202F}\\x{3000}]' -%}
    {%- set invisible = '[\\x{00AD}\\x{200B}-\\x{200F}\\x{2060}\\x{FEFF}]' -%}
    {%- set folded = "translate(" ~ composed("lower(regexp_replace(" ~ name ~ ", '" ~ invisible ~ "', ''))") ~ ", '’‘ʼ`)', "
        ~ "repeat(chr(39), 4))" -%}
    {%- set separated = "regexp_replace(" ~ folded ~ ", '" ~ blank ~ "*[-–—,(]" ~ blank ~ "*', ' - ')" -%}
    regexp_replace(
        trim(regexp_replace({{ tones_placed(separated) }}, '{{ blank }}+', ' ')), '^(ubnd|uỷ ban nhân dân) ', ''
    )
{%- endmacro %}

{#- The mark of a tone stands on either vowel of an open `oa`, `oe`, `uy`. -#}
{% macro tones_placed(text) %}
    {%- set spelling = namespace(text=text) -%}
    {%- for first, second in [
        ('òa', 'oà'), ('óa', 'oá'), ('ỏa', 'oả'), ('õa', 'oã'), ('ọa', 'oạ'),
        ('òe', 'oè'), ('óe', 'oé'), ('ỏe', 'oẻ'), ('õe', 'oẽ'), ('ọe', 'oẹ'),
        ('ùy', 'uỳ'), ('úy', 'uý'), ('ủy', 'uỷ'), ('ũy', 'uỹ'), ('ụy', 'uỵ'),
    ] -%}
        {%- set spelling.text = "replace(" ~ spelling.text ~ ", '" ~ first ~ "', '" ~ second ~ "')" -%}
    {%- endfor -%}
    {{- return(spelling.text) -}}
{% endmacro %}


{#- A key of `unit_name_key` without the name of a province, itself such a key, at its end. -#}
{% macro without_province(name_key, province_key) -%}
    regexp_replace({{ name_key }}, ' - ((tỉnh|thành phố|tp[.]?|t[.]) ?)?' || {{ province_key }} || '$', '')
{%- endmacro %}


{#- A name as people read it, without the name of its province at the end. -#}
{% macro without_province_shown(name, province) -%}
    regexp_replace(
        {{ name }}, '{{ any_case() }}\s*[-–—,(]\s*((tỉnh|thành phố|tp[.]?)\s+)?' || {{ province }} || '[)]?\s*$', ''
    )
{%- endmacro %}


{#- At the start of a pattern: in capitals or not, letters with accents as well. -#}
{% macro any_case() %}
    {{- return(adapter.dispatch('any_case')()) -}}
{% endmacro %}

{% macro default__any_case() -%} (?i) {%- endmacro %}

{% macro spark__any_case() -%} (?iu) {%- endmacro %}
