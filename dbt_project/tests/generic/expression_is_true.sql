{#- A statement about each row; a row for which it is false or unknown fails. As in dbt_utils, where null passes. -#}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
