{#- The agency of a dossier code: `H19.95-250701-0001` and, written backwards, `000.00.95.H19-250701-0001`. -#}
{% macro agency_of(dossier_code) -%}
    {{ agency_code_today("split_part(" ~ dossier_code ~ ", '-', 1)") }}
{%- endmacro %}
