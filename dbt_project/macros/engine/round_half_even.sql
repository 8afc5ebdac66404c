{#- Banker's rounding: the portal shows 6 x 1/48 = 0.125 as 0.12 (H53, PUBLISH_ON_TIME, 2026-10-10). -#}
{% macro round_half_even(value, decimals=2) %}
    {{- return(adapter.dispatch('round_half_even')(value, decimals)) -}}
{% endmacro %}

{% macro default__round_half_even(value, decimals) -%}
    round_even({{ value }}, {{ decimals }})
{%- endmacro %}

{#- As DuckDB does it, in binary fractions; `bround` rounds what they print as. -#}
{% macro spark__round_half_even(value, decimals) -%}
    (rint({{ value }} * {{ 10 ** decimals }}) / {{ 10 ** decimals }})
{%- endmacro %}
