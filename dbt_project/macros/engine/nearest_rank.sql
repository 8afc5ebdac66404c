{#-
    A percentile by nearest rank, an aggregate: the least value that so many percent of all do not exceed. `percents`
    are all that are asked of the values, so that an engine keeps and sorts one list of a group's values, not one for each.
-#}
{% macro nearest_rank(value, percent, percents) %}
    {{- return(adapter.dispatch('nearest_rank')(value, percent, percents)) -}}
{% endmacro %}

{% macro default__nearest_rank(value, percent, percents) -%}
    quantile_disc({{ value }}, [{% for each in percents %}{{ each / 100 }}{{ ', ' if not loop.last }}{% endfor %}])[
        {{- percents.index(percent) + 1 }}]
{%- endmacro %}

{% macro spark__nearest_rank(value, percent, percents) -%}
    element_at(
        percentile_disc(array({% for each in percents %}{{ each / 100 }}D{{ ', ' if not loop.last }}{% endfor %}))
            within group (order by {{ value }}),
        {{ percents.index(percent) + 1 }}
    )
{%- endmacro %}
