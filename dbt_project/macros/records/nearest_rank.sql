{#-
    A percentile by nearest rank: the least value that so many percent of all do not exceed. Of counts by value, each with
    the sum of the counts up to it (`running`) and of all (`total`), it is exact, in whole numbers, and needs no list of
    values: an aggregate over the values of one group.
-#}
{% macro nearest_rank(percent, value, running, total) -%}
    min(case when {{ running }} * 100 >= {{ total }} * {{ percent }} then {{ value }} end)
{%- endmacro %}
