{#-
    A dossier code with its agency in the order of today: `000.00.95.H19-250701-0001` is `H19.95-250701-0001`. A province
    that replaces its system sends under the new form what it sent under the old one, and it is the same dossier.
-#}
{% macro dossier_code_today(dossier_code) -%}
    case
        when {{ dossier_code }} like '000.%'
            then
                concat(
                    {{ agency_of(dossier_code) }},
                    substring({{ dossier_code }}, length(split_part({{ dossier_code }}, '-', 1)) + 1)
                )
        else {{ dossier_code }}
    end
{%- endmacro %}
