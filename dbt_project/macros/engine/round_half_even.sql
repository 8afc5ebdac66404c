{#- Banker's rounding: the portal shows 6 x 1/48 = 0.125 as 0.12 (H53, PUBLISH_ON_TIME, 2026-10-10). -#}
{% macro round_half_even(value, decimals=2) %}
    {{- return(adapter.dispatch('round_half_even')(value, decimals)) -}}
{% endmacro %}

{% macro default__round_half_even(value, decimals) -%}
    round_even({{ value }}, {{ decimals }})
{%- endmacro %}

{% macro spark__round_half_even(value, decimals) -%}
    bround({{ value }}, {{ decimals }})
{%- endmacro %}
