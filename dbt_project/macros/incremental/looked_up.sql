{#-
    Small tables that an incremental model looks things up in. A row that now says something else changes rows of the
    model that nothing was delivered for: they are found by its key, and made again (docs/adr/0018). A lookup is a
    relation, its key, and the columns that count.
-#}

{#- What a lookup says: (key, content). -#}
{% macro lookup_rows(lookup) -%}
    select distinct
        {{ lookup.key }} as key,
        {{ fingerprint([lookup.key] + lookup.columns) }} as content
    from {{ lookup.relation }}
    where {{ lookup.key }} is not null
{%- endmacro %}


{#- Keys under which this model would now find something else than when it was made. -#}
{% macro changed_keys(name, lookups) -%}
    select coalesce(found_now.key, found_then.key) as key
    from ({{ lookup_rows(lookups[name]) }}) as found_now
    full outer join (
        select
            looked_up.key,
            looked_up.content
        from {{ target.database }}.state.looked_up as looked_up
        where looked_up.model = '{{ this.identifier }}' and looked_up.lookup = '{{ name }}'
    ) as found_then
        on found_now.key = found_then.key
    where coalesce(found_now.content <> found_then.content, true)
{%- endmacro %}


{#- After the model, in its transaction: this is what it found. -#}
{% macro remember_lookups(lookups) %}
    delete from {{ target.database }}.state.looked_up where model = '{{ this.identifier }}';
    {% for name, lookup in lookups.items() -%}
        insert into {{ target.database }}.state.looked_up
        select
            '{{ this.identifier }}' as model,
            '{{ name }}' as lookup,
            found.key,
            found.content
        from ({{ lookup_rows(lookup) }}) as found;
    {% endfor %}
{% endmacro %}
