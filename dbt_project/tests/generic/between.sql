{#- Each value lies between two bounds, both included; nulls pass. -#}
{% test between(model, column_name, minimum=none, maximum=none) %}
select *
from {{ model }}
where
    false
    {% if minimum is not none %}or {{ column_name }} < {{ minimum }}{% endif %}
    {% if maximum is not none %}or {{ column_name }} > {{ maximum }}{% endif %}
{% endtest %}
