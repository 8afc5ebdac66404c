{#-
    What the incremental models are made from (docs/adr/0045): `state.inputs` of the build database has a row for each
    (input, key, content) that was used since they were last made from nothing:

        code                 each incremental model and each node above it: its SQL, the checksum of a seed
        dossiers, progress   each batch of the lake, and the state of its files
        <a lookup>           each row of `core_dossiers__lookups`

    `is_recorded` marks what a whole run has ended with; `state.built` has the code that each of these nodes was last built
    from. Two rules: what is at hand and not recorded is computed, and computing it twice changes nothing; what was used
    and is no longer at hand spoils all that it was used for, which is made again: of a lookup the dossiers that found
    something by it, of code or a batch everything. So whoever runs a part of the models, or is killed, leaves more to be
    computed, and nothing wrong.
-#}
{% macro state(table) %}
    {{- return(api.Relation.create(database=target.get('database'), schema='state', identifier=table)) -}}
{% endmacro %}


{#- The sources whose batches incremental models add to themselves. -#}
{% macro sources_in_batches() %}
    {{- return(['dossiers', 'progress']) -}}
{% endmacro %}


{#- Before the first model: what is at hand. A batch that comes later is of the next run. -#}
{% macro list_inputs() %}
    {%- set nodes = incremental_nodes() -%}
    {%- set chosen = nodes | selectattr('unique_id', 'in', selected_resources) | list -%}
    {%- set text = dbt.type_string() -%}
    {%- do run_query('create schema if not exists ' ~ state('built').without_identifier()) -%}
    {%- do run_query('create table if not exists ' ~ state('built') ~ ' (key ' ~ text ~ ', content ' ~ text ~ ')') -%}
    {%- do run_query(
        'create table if not exists ' ~ state('inputs')
        ~ ' (input ' ~ text ~ ', key ' ~ text ~ ', content ' ~ text ~ ', is_recorded boolean)'
    ) -%}
    {%- do run_query(replace_table(state('at_hand'), inputs_at_hand(nodes))) -%}
    {%- if flags.WHICH in ('run', 'build', 'seed') -%}
        {%- do run_query(delete_from(state('built'), is_one_of(selected_resources))) -%}
        {%- if chosen | length == nodes | length -%}
            {%- do start_over_where_spoiled(nodes) -%}
        {%- elif chosen and flags.FULL_REFRESH -%}
            {#- Made from nothing beside others that are not: no later run has this at hand. -#}
            {%- do run_query(use_inputs("select 'code' as input, 'full refresh' as key, '" ~ invocation_id ~ "' as content")) -%}
        {%- endif -%}
        {%- set used -%}
            select input, key, content
            from {{ state('at_hand') }}
            where {{ 'true' if chosen else is_one_of(selected_resources) }}
        {%- endset -%}
        {%- do run_query(use_inputs(used)) -%}
    {%- endif -%}
{% endmacro %}


{#- Incremental models are dropped where something that they were made from is gone: this run makes all of them. -#}
{% macro start_over_where_spoiled(nodes) %}
    {%- set gone = inputs_gone() -%}
    {%- set is_recorded = run_query('select 1 where ' ~ is_anything_recorded()) | length > 0 -%}
    {%- if flags.FULL_REFRESH or gone or not is_recorded -%}
        {{- log('incremental models are made from nothing: ' ~ (gone | join(', ') or 'asked for, or for the first time')) -}}
        {%- for node in nodes -%}
            {%- do adapter.drop_relation(relation_of(node)) -%}
        {%- endfor -%}
        {%- do run_query(delete_from(state('inputs'))) -%}
    {%- endif -%}
{% endmacro %}


{#- After the last model: a run of all incremental models, and of all above them that was not built from this code
    before, has computed what was at hand. -#}
{% macro record_inputs() %}
    {%- set built = results | selectattr('status', 'equalto', 'success') | map(attribute='node.unique_id') | list -%}
    {%- set missing = incremental_nodes() | map(attribute='unique_id') | reject('in', built) | list -%}
    {%- set newly_built -%}
        insert into {{ state('built') }}
        select key, content
        from {{ state('at_hand') }}
        where {{ is_one_of(built) }}
    {%- endset -%}
    {%- set unbuilt -%}
        select key, content
        from {{ state('at_hand') }}
        where input = 'code'
        except
        select key, content
        from {{ state('built') }}
    {%- endset -%}
    {%- do run_query(newly_built) -%}
    {%- if not missing and not run_query(unbuilt) | length -%}
        {%- set used -%}
            select input, key, content, true as is_recorded
            from {{ state('at_hand') }}
            union all
            select input, key, content, true as is_recorded
            from ({{ lookups() }}) as lookups
        {%- endset -%}
        {{ replace_table(state('inputs'), used) }}
    {%- endif -%}
{% endmacro %}


{#- A condition: what is at hand before a run, and so no lookup. -#}
{% macro is_listed() -%} input in ('code', '{{ sources_in_batches() | join("', '") }}') {%- endmacro %}


{#- A condition: code of these nodes. -#}
{% macro is_one_of(ids) -%} key in ('{{ ids | join("', '") }}') {%- endmacro %}


{% macro relation_of(node) %}
    {{- return(api.Relation.create(
        database=node.database, schema=node.schema, identifier=node.alias,
        type='view' if node.config.materialized == 'view' else 'table'
    )) -}}
{% endmacro %}


{#- A query of (input, key, content); a hook cannot refer to the model. -#}
{% macro lookups(relation=none) -%}
    select
        input,
        key,
        cast(content as {{ dbt.type_string() | lower }}) as content
    from {{ relation or relation_of(graph.nodes[lookups_id()]) }}
{%- endmacro %}

{% macro lookups_id() -%} model.service_index.core_dossiers__lookups {%- endmacro %}


{% macro incremental_nodes() %}
    {{- return(graph.nodes.values() | selectattr('config.materialized', 'equalto', 'incremental') | list) -}}
{% endmacro %}


{#- Code and batches: a query of (input, key, content). -#}
{% macro inputs_at_hand(nodes) -%}
    {%- set looked_up = graph.nodes[lookups_id()].depends_on.nodes -%}
    {%- set above = nodes | map(attribute='unique_id') | list -%}
    {%- for id in above -%} {#- grows as it is read -#}
        {%- for parent in graph.nodes[id].depends_on.nodes if parent not in above and parent not in looked_up -%}
            {%- if parent in graph.nodes -%}
                {%- do above.append(parent) -%}
            {%- elif graph.sources[parent].name not in sources_in_batches() -%}
                {{ exceptions.raise_compiler_error(
                    graph.nodes[id].name ~ ' is read by incremental models and reads source ' ~ graph.sources[parent].name
                    ~ ', whose batches are not listed: expected one of ' ~ sources_in_batches() | join(', ')
                    ~ '; add it to sources_in_batches() or make the models below it tables'
                ) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for id in above %}
        {%- set node = graph.nodes[id] %}
        select
            'code' as input,
            '{{ id }}' as key,
            '{{ local_md5(node.checksum.checksum ~ code_of(node)) }} ' || {{ engine_version() }} as content
        union all
    {%- endfor %}
    {%- for source in sources_in_batches() %}
        select
            '{{ source }}' as input,
            batch as key,
            content
        from ({{ batches_of(source) }}) as batches
        {%- if not loop.last %} union all {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- Macros and vars are in it as they are used, descriptions are not. What a hook may not refer to is named. -#}
{% macro code_of(node) %}
    {%- set named = "{% set ref = '{0}'.format %}{% set source = '{0} {1}'.format %}" -%}
    {{- return(render(named ~ node.raw_code | replace('is_incremental()', 'false')) ~ ('empty' if flags.EMPTY)) -}}
{% endmacro %}


{#- Code and batches that were used and are no longer at hand. -#}
{% macro inputs_gone() %}
    {%- set gone -%}
        select input, key, content
        from {{ state('inputs') }}
        where {{ is_listed() }}
        except
        select input, key, content
        from {{ state('at_hand') }}
        order by input, key
    {%- endset -%}
    {%- set names = [] -%}
    {%- for row in run_query(gone) -%}
        {%- do names.append(row[0] ~ ' ' ~ row[1]) -%}
    {%- endfor -%}
    {{- return(names | unique | list) -}}
{% endmacro %}


{#- After outcomes, in their transaction: this is what they were looked up in. -#}
{% macro use_lookups() -%}
    {{ use_inputs(lookups()) if execute }}
{%- endmacro %}


{#- A statement: these are used from now on. -#}
{% macro use_inputs(query) -%}
    insert into {{ state('inputs') }}
    select input, key, content, false as is_recorded
    from ({{ query }} except select input, key, content from {{ state('inputs') }}) as used
{%- endmacro %}


{#- A condition: a whole run has ended since the incremental models were made from nothing. -#}
{% macro is_anything_recorded() -%}
    exists (
        select 1
        from {{ state('inputs') }}
        where is_recorded
    )
{%- endmacro %}


{#- A condition: rows of batches that no whole run has computed. -#}
{% macro new_batches_only(source) -%}
    {%- set new -%}
        select key, content
        from {{ state('at_hand') }}
        where input = '{{ source }}' and {{ is_anything_recorded() }}
        except
        select key, content
        from {{ state('inputs') }}
        where is_recorded
        order by key
    {%- endset -%}
    {#- Which batches are new is no part of a model's code. -#}
    {%- set batches = [] -%}
    {%- if execute and model.resource_type == 'model' and load_relation(state('at_hand')) -%}
        {%- set batches = run_query(new).columns[0].values() -%}
    {%- endif -%}
    {%- if batches -%} batch in ('{{ batches | join("', '") }}') {%- else -%} false {%- endif -%}
{%- endmacro %}


{#- A condition: rows of batches that were there when the run began. -#}
{% macro available_batches_only(source) -%}
    batch in (
        select at_hand.key
        from {{ state('at_hand') }} as at_hand
        where at_hand.input = '{{ source }}'
    )
{%- endmacro %}


{#- Keys under which something else is found now than was found: a query of (input, key). -#}
{% macro changed_lookups(relation) -%}
    select distinct
        changed.input,
        changed.key
    from (
        (
            {{ lookups(relation) }}
            except
            select
                input,
                key,
                content
            from {{ state('inputs') }}
            where is_recorded
        )
        union all
        (
            select
                input,
                key,
                content
            from {{ state('inputs') }}
            where not {{ is_listed() }}
            except
            {{ lookups(relation) }}
        )
    ) as changed
    where {{ is_anything_recorded() }}
{%- endmacro %}
