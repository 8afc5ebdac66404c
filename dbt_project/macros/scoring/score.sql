{#-
    The scoring rule, once: max_score * least(1, ratio / full_mark_ratio), from the unrounded ratio.

    A denominator of 0 earns what the rule of the metric says (nothing, 0, or the full mark). A ratio that is
    missing earns no score: the guard is needed because `least` ignores nulls and would grant the full mark.
    Arguments are column expressions; the rule's columns come from `dim_indicator`.
-#}
{% macro score(ratio, denominator, rule) -%}
    case
        when {{ rule }}.max_score = 0 then null
        when {{ denominator }} = 0 then {{ rule }}.zero_denominator_score
        when {{ ratio }} is null then null
        else {{ rule }}.max_score * least(1.0, {{ ratio }} / {{ rule }}.full_mark_ratio)
    end
{%- endmacro %}


{#- A score as the portal shows and adds it: two decimals, exact (docs/adr/0004-groups-add-rounded-metrics.md). -#}
{% macro rounded_score(score) -%}
    cast({{ round_half_even(score, 2) }} as decimal(6, 2))
{%- endmacro %}


{#-
    The least numerator with which a metric shows so many points, not more than its full mark. Shown are hundredths: half of
    one less is enough, where it does not round down. A hair is taken off before rounding up, so that a binary fraction
    does not ask for one more. `units_per_point` are counted units of its denominator.
-#}
{% macro numerator_showing(points, units_per_point, denominator, rule) -%}
    {%- set least -%}
        cast(ceil(({{ points }} - {{ var('smallest_score_step') }} / 2) * {{ units_per_point }} - 1e-6) as bigint)
    {%- endset -%}
    {%- set shown -%} {{ rounded_score(score('cast(' ~ least ~ ' as double) / ' ~ denominator, denominator, rule)) }} {%- endset -%}
    {{ least }} + case when {{ shown }} < {{ points }} then 1 else 0 end
{%- endmacro %}
