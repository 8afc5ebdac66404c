{#-
    What each incremental model was built from (docs/adr/0024). The ledger lies in the build database and is written in
    the transaction of the model, so that a run that dies leaves both or neither. It holds what the model really read,
    never what somebody might have meant it to read:

        code            the model's own SQL as a full refresh runs it, and the engine's version
        <view>          the definition that the view has in the database
        <table>         the content that the table or seed has
        <source>        each batch of the lake, and the state of its files
        <model>/...     for an incremental parent: all that the parent's own ledger holds
        build           which full refresh began the table

    One rule: a model is rebuilt where anything in its ledger is no longer so, and otherwise adds the batches that its
    ledger lacks. Macros that make sense in an increment only are called within `is_incremental()`, so that the full
    form of a model can be rendered without them.
-#}
{% macro create_ledgers() %}
    create schema if not exists {{ target.database }}.state;
    create table if not exists {{ target.database }}.state.ledger (
        model {{ dbt.type_string() }}, input {{ dbt.type_string() }},
        content {{ dbt.type_string() }}, batch {{ dbt.type_string() }}
    );
    create table if not exists {{ target.database }}.state.looked_up (
        model {{ dbt.type_string() }}, lookup {{ dbt.type_string() }},
        key {{ dbt.type_string() }}, content {{ dbt.type_bigint() }}
    );
    -- What the lake holds is listed before the first model reads it. A batch that comes later is of the next run.
    drop table if exists {{ target.database }}.state.available;
    create table {{ target.database }}.state.available as
    {% for source in sources_in_batches() -%}
        select
            '{{ source }}' as source,
            lake_batches.batch,
            lake_batches.content
        from ({{ batches_of(source) }}) as lake_batches
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
{% endmacro %}


{#- The sources whose batches incremental models add to themselves. -#}
{% macro sources_in_batches() %}
    {{- return(['dossiers', 'progress']) -}}
{% endmacro %}


{#- The model's SQL as a full refresh runs it: macros and vars are in it as they are used, descriptions are not. -#}
{% macro full_form() %}
    {{- return(render(model.raw_code | replace('is_incremental()', 'false')) | trim) -}}
{% endmacro %}


{#- All that this model would be built from now: a query of (input, content, batch). -#}
{% macro inputs_now() -%}
    {%- set code = local_md5(full_form()) -%}
    select
        'code' as input,
        '{{ code }} ' || {{ engine_version() }} as content,
        cast(null as {{ dbt.type_string() }}) as batch
    {%- for query in inputs_of(model) %}
        union all
        {{ query }}
    {%- endfor %}
{%- endmacro %}


{#- A query for each input of a node, views followed down to what they read. -#}
{% macro inputs_of(node) %}
    {%- set queries = [] -%}
    {%- for id in node.depends_on.nodes -%}
        {%- if id in graph.sources -%}
            {%- do queries.append(batches_as_inputs(graph.sources[id].name)) -%}
        {%- else -%}
            {%- set parent = graph.nodes[id] -%}
            {%- set relation = api.Relation.create(
                database=parent.database, schema=parent.schema, identifier=parent.alias
            ) -%}
            {%- if parent.config.materialized == 'incremental' -%}
                {%- do queries.append(ledger_as_inputs(parent.alias)) -%}
            {%- elif parent.config.materialized == 'view' -%}
                {%- do queries.append(one_input(parent.name, view_definition(relation))) -%}
                {%- do queries.extend(inputs_of(parent)) -%}
            {%- elif parent.config.materialized == 'ephemeral' -%}
                {%- do queries.extend(inputs_of(parent)) -%}
            {%- elif parent.name not in lookups_of_model() -%}
                {%- do queries.append(one_input(parent.name, table_content(relation))) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(queries | unique | list) -}}
{% endmacro %}

{% macro one_input(name, content) -%}
    select
        '{{ name }}' as input,
        {{ content }} as content,
        cast(null as {{ dbt.type_string() }}) as batch
{%- endmacro %}

{% macro batches_as_inputs(source) -%}
    {%- if source not in sources_in_batches() -%}
        {{ exceptions.raise_compiler_error(
            model.name ~ ' is incremental and reads source ' ~ source ~ ', whose batches are not in the ledger: expected one of '
            ~ sources_in_batches() | join(', ') ~ '; add it to sources_in_batches() or make the model a table'
        ) }}
    {%- endif -%}
    select
        available.source as input,
        available.content,
        available.batch
    from {{ target.database }}.state.available as available
    where available.source = '{{ source }}'
{%- endmacro %}

{% macro ledger_as_inputs(parent) -%}
    select
        '{{ parent }}/' || ledger.input as input,
        ledger.content,
        ledger.batch
    from {{ target.database }}.state.ledger as ledger
    where ledger.model = '{{ parent }}'
{%- endmacro %}


{#- Whether anything that this model was built from is no longer so, or nobody knows what it was built from. -#}
{% macro must_rebuild() %}
    {%- set now -%}
        select input, content, batch
        from ({{ inputs_now() }}) as inputs_now
    {%- endset -%}
    {%- set known -%}
        select input, content, batch
        from {{ target.database }}.state.ledger
        where model = '{{ this.identifier }}' and input <> 'build'
    {%- endset -%}
    {%- set changed -%}
        ({{ known }} except {{ now }})
        union all
        -- What is new can be added where it is a batch, and only there.
        ({{ now }} where batch is null except {{ known }})
        limit 1
    {%- endset -%}
    {{- return(run_query(changed) | length > 0) -}}
{% endmacro %}


{#- dbt asks this wherever it could add to what it finds. -#}
{% macro should_full_refresh() %}
    {%- set wanted = flags.FULL_REFRESH if config.get('full_refresh') is none else config.get('full_refresh') -%}
    {%- if not wanted and execute and model.config.materialized == 'incremental' -%}
        {%- set wanted = must_rebuild() -%}
    {%- endif -%}
    {{- return(wanted) -}}
{% endmacro %}


{#- A condition: rows of batches that came to this model, or to a parent of it, since it was last built. -#}
{% macro new_batches_only(source) -%}
    {%- set unread -%}
        select distinct unread.batch
        from (
            select input, content, batch
            from ({{ inputs_now() }}) as inputs_now
            except
            select input, content, batch
            from {{ target.database }}.state.ledger
            where model = '{{ this.identifier }}'
        ) as unread
        where unread.batch is not null and (unread.input = '{{ source }}' or unread.input like '%/{{ source }}')
        order by unread.batch
    {%- endset -%}
    {%- set batches = run_query(unread).columns[0].values() -%}
    {%- if batches -%} batch in ('{{ batches | join("', '") }}') {%- else -%} false {%- endif -%}
{%- endmacro %}


{#- A condition: rows of batches that were there when the run began. -#}
{% macro available_batches_only(source) -%}
    batch in (
        select available.batch
        from {{ target.database }}.state.available as available
        where available.source = '{{ source }}'
    )
{%- endmacro %}


{#- Dossiers of which something came that is not yet in this model: a query of one column. -#}
{% macro changed_dossiers() -%}
    select dossiers.dossier_code
    from {{ ref('stg_exchange__dossiers') }} as dossiers
    where {{ new_batches_only('dossiers') }}
    union
    select progress.dossier_code
    from {{ ref('stg_exchange__progress') }} as progress
    where {{ new_batches_only('progress') }}
{%- endmacro %}


{#- After the model, in its transaction: this is what it was built from. -#}
{% macro record_inputs() %}
    {%- if execute -%}
        {%- set is_rebuilt = model.compiled_code | trim == full_form() -%}
        delete from {{ target.database }}.state.ledger
        where model = '{{ this.identifier }}' {% if not is_rebuilt %} and input <> 'build' {% endif %};
        insert into {{ target.database }}.state.ledger
        select
            '{{ this.identifier }}' as model,
            inputs.input,
            inputs.content,
            inputs.batch
        from (
            {{ inputs_now() }}
            {% if is_rebuilt %}
                union all
                {{ one_input('build', "'" ~ invocation_id ~ "'") }}
            {% endif %}
        ) as inputs;
        {{ record_lookups() }}
    {%- endif -%}
{% endmacro %}
