{#-
    Whether a file is synthetic: it says so in its name, and nothing else about it may (the same rule as
    `orchestration/sources.py`).
-#}
{% macro is_synthetic(source_file) -%}
    (position('{{ var("synthetic_files") }}' in {{ source_file }}) > 0)
{%- endmacro %}
