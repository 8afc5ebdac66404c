{#-
    A condition: the row of a dated relation (`valid_from`, `valid_to`) that holds on a day. Each comparison has one
    relation on either side, so that the join stays one by hash.
-#}
{% macro valid_on(relation, day) -%}
    {{ day }} >= {{ relation }}.valid_from
    and {{ day }} <= coalesce({{ relation }}.valid_to, cast('9999-12-31' as date))
{%- endmacro %}


{#-
    The same of `dim_unit`, and of `core_units__lifetimes`: one row per unit. A department has none on a day before its first
    or after its last. What needs codes alone joins `core_units__listed`, which has no days. Days
    before two-level local government began are reported by the units that took over: no earlier unit is listed, and
    its records roll up to them.
-#}
{% macro unit_on(units, day) -%}
    {%- set since -%} cast('{{ var("two_level_government_since") }}' as date) {%- endset -%}
    {{ valid_on(units, 'greatest(' ~ day ~ ', ' ~ since ~ ')') }}
{%- endmacro %}
