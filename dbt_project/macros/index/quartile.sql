{#-
    A quartile of points, between two values where it lies between them: 2 is the median. To two places, halves up. By way
    of four places, which hold each quarter of a hundredth exactly: binary fractions would round some halves down.
-#}
{% macro quartile(score, which) -%}
    cast(
        cast(
            percentile_cont({{ which }} / 4.0) within group (order by cast({{ score }} as decimal(8, 4)))
            as decimal(8, 4)
        ) as decimal(6, 2)
    )
{%- endmacro %}


{#- The median of shares, days or anything else that is not rounded here. -#}
{% macro median_of(value) -%}
    percentile_cont(0.5) within group (order by {{ value }})
{%- endmacro %}
