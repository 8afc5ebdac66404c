{#-
    The keys that say which period a figure describes, under which rules, and how far the data went. A line each, indented as
    in a CTE: macros are linted where they are called.
-#}
{% macro period_keys(alias=none) -%}
    {%- for key in ['basis', 'regime', 'period_type', 'period_start', 'period_end', 'as_of'] -%}
        {%- if alias %}{{ alias }}.{% endif %}{{ key }}{% if not loop.last %},
        {% endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- Two relations describe the same period, under the same rules. -#}
{% macro same_period(left, right) -%}
    {%- for key in ['basis', 'regime', 'period_type', 'period_start', 'period_end', 'as_of'] -%}
        {{ left }}.{{ key }} = {{ right }}.{{ key }}{% if not loop.last %} and {% endif -%}
    {%- endfor -%}
{%- endmacro %}
