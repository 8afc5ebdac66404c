{#-
    The row of `dim_unit` that holds on a day: one per unit. What needs codes alone joins `int_units__listed`, which has no
    days. Days before two-level local government began are told by the
    units that took over: no earlier unit is listed, and its records roll up to them.
-#}
{% macro unit_on(units, day) -%}
    greatest({{ day }}, cast('{{ var("two_level_government_since") }}' as date)) >= {{ units }}.valid_from
    and {{ day }} <= coalesce({{ units }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}
