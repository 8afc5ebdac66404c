{#- A statement about each row; a row for which it is false or unknown fails. -#}
{% test expression_holds(model, expression) %}
select *
from {{ model }}
where not coalesce({{ expression }}, false)
{% endtest %}
