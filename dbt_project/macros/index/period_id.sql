{#- One name for the six period keys, for readers who join and for addresses: `portal.portal_2026.year_to_date.2026-01-01...`. -#}
{% macro period_id(alias) -%}
    concat_ws(
        '.', {{ alias }}.basis, {{ alias }}.regime, {{ alias }}.period_type,
        cast({{ alias }}.period_start as string), cast({{ alias }}.period_end as string),
        cast({{ alias }}.as_of as string)
    )
{%- endmacro %}


{#- A day as people write it in Vietnam: 01/07/2025. -#}
{% macro day_vi(day) -%}
    lpad(cast(extract(day from {{ day }}) as string), 2, '0') || '/'
    || lpad(cast(extract(month from {{ day }}) as string), 2, '0') || '/'
    || cast(extract(year from {{ day }}) as string)
{%- endmacro %}


{#- A month as people write it in English: July 2025. -#}
{% macro month_en(day) -%}
    case extract(month from {{ day }})
        {% for month in [
            'January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
            'November', 'December',
        ] -%}
            when {{ loop.index }} then '{{ month }}'
        {% endfor -%}
    end || ' ' || cast(extract(year from {{ day }}) as string)
{%- endmacro %}


{#- A day as people write it in English: 1 July 2025. -#}
{% macro day_en(day) -%}
    cast(extract(day from {{ day }}) as string) || ' ' || {{ month_en(day) }}
{%- endmacro %}
