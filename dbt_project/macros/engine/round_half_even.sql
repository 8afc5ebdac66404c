{#- Banker's rounding: the portal shows 6 x 1/48 = 0.125 as 0.12 (H53, PUBLISH_ON_TIME, 2026-10-10). -#}
{% macro round_half_even(value, decimals=2) %}
    {{- return(adapter.dispatch('round_half_even')(value, decimals)) -}}
{% endmacro %}

{% macro default__round_half_even(value, decimals) -%}
    round_even({{ value }}, {{ decimals }})
{%- endmacro %}

{#-
    As DuckDB does it, step by step: `bround` looks at what a binary fraction prints as, DuckDB at what it is, so that each has
    another idea of what lies half way (`round_even(1.015, 2)` is 1.01 here and 1.02 there).
-#}
{% macro spark__round_half_even(value, decimals) -%}
    {%- set number = 'cast(' ~ value ~ ' as double)' -%}
    (
        case
            when (abs({{ number }}) * {{ 10 ** (decimals + 1) }}D) % 10 = 5
                then {{ half_away_from_zero(number ~ ' / 2', decimals) }} * 2
            else {{ half_away_from_zero(number, decimals) }}
        end
    )
{%- endmacro %}

{% macro half_away_from_zero(value, decimals) -%}
    signum({{ value }}) * floor(abs({{ value }}) * {{ 10 ** decimals }} + 0.5D) / {{ 10 ** decimals }}
{%- endmacro %}
