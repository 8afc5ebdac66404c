{#-
    An agency code in the order of today. The old form starts with `000.` and runs backwards, missing levels as `00`:
    `000.00.95.H19` is `H19.95`, `000.01.95.H19` is `H19.95.01`.
-#}
{% macro agency_code_today(code) -%}
    case
        when {{ code }} like '000.%' then {{ parts_reversed("regexp_replace(" ~ code ~ ", '^000[.](00[.])*', '')") }}
        else {{ code }}
    end
{%- endmacro %}
