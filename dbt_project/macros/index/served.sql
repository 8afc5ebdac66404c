{#-
    A mart as a view over marts names it: by its schema, not by the database that it happens to lie in. What is built here is
    served from another file, and may be from PostgreSQL.
-#}
{% macro served(mart) %}
    {{- return(ref(mart).include(database=false)) -}}
{% endmacro %}
