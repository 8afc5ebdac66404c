{#-
    What each incremental model was made from: a ledger in the build database, written in the same transaction as the
    model, so that a run that dies in between leaves neither. With it, `dbt build` brings a model up to date from
    whatever state it finds, and makes it anew where adding to it would be wrong: where the code has changed, or a
    batch that is in it has been taken back (docs/adr/0018).
-#}
{% macro create_ledgers() %}
    create schema if not exists {{ target.database }}.state;
    create table if not exists {{ target.database }}.state.made_from (
        model {{ dbt.type_string() }}, source {{ dbt.type_string() }}, batch {{ dbt.type_string() }}
    );
    create table if not exists {{ target.database }}.state.looked_up (
        model {{ dbt.type_string() }}, lookup {{ dbt.type_string() }},
        key {{ dbt.type_string() }}, content {{ dbt.type_bigint() }}
    );
{% endmacro %}


{#- The sources whose batches incremental models add to themselves. -#}
{% macro sources_in_batches() %}
    {{- return(['dossiers', 'progress']) -}}
{% endmacro %}


{#- All there is to make a model from: (source, batch). The code counts as a batch of a source of that name. -#}
{% macro there_is() -%}
    select
        'code' as source,
        '{{ env_var("SERVICE_INDEX_CODE", "") }}' as batch
    {% for source in sources_in_batches() -%}
        union all
        select
            '{{ source }}' as source,
            batch
        from ({{ batches_of(source) }}) as lake_batches
    {% endfor -%}
{%- endmacro %}


{#- Whether something that this model was made from is no longer there, or nobody knows what it was made from. -#}
{% macro is_something_gone() %}
    {%- set known -%}
        select source, batch
        from {{ target.database }}.state.made_from
        where model = '{{ this.identifier }}'
    {%- endset -%}
    {%- set gone -%}
        {{ known }}
        except
        select source, batch
        from ({{ there_is() }}) as everything
        limit 1
    {%- endset -%}
    {{- return(run_query(known ~ ' limit 1') | length == 0 or run_query(gone) | length > 0) -}}
{% endmacro %}


{#- dbt asks this wherever it could add to what it finds. An incremental model whose past is gone or unknown is made anew. -#}
{% macro should_full_refresh() %}
    {%- set wanted = flags.FULL_REFRESH if config.get('full_refresh') is none else config.get('full_refresh') -%}
    {%- if not wanted and execute and model.config.materialized == 'incremental' -%}
        {%- set wanted = is_something_gone() -%}
    {%- endif -%}
    {{- return(wanted) -}}
{% endmacro %}


{#- A condition: rows of batches that are not yet in this model. All, where it is made anew. -#}
{% macro is_unread(source) -%}
    {%- if is_incremental() -%}
        {%- set unread -%}
            select batch
            from ({{ batches_of(source) }}) as lake_batches
            where batch not in (
                select made_from.batch
                from {{ target.database }}.state.made_from
                where made_from.model = '{{ this.identifier }}' and made_from.source = '{{ source }}'
            )
            order by batch
        {%- endset -%}
        {%- set batches = run_query(unread).columns[0].values() -%}
        {%- if batches -%} batch in ('{{ batches | join("', '") }}') {%- else -%} false {%- endif -%}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- Dossiers of which something came that is not yet in this model: a query of one column. -#}
{% macro touched_dossiers() -%}
    select dossiers.dossier_code
    from {{ ref('stg_exchange__dossiers') }} as dossiers
    where {{ is_unread('dossiers') }}
    union
    select progress.dossier_code
    from {{ ref('stg_exchange__progress') }} as progress
    where {{ is_unread('progress') }}
{%- endmacro %}


{#- A condition: rows of dossiers in the relation `touched`. Each row, where the model is made anew. -#}
{% macro is_touched() -%}
    {%- if is_incremental() -%}
        dossier_code in (select touched.dossier_code from touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#- After the model, in its transaction: it is now made from all there is of these sources. -#}
{% macro remember_batches(sources) %}
    delete from {{ target.database }}.state.made_from where model = '{{ this.identifier }}';
    insert into {{ target.database }}.state.made_from
    select
        '{{ this.identifier }}' as model,
        everything.source,
        everything.batch
    from ({{ there_is() }}) as everything
    where everything.source in ('code', '{{ sources | join("', '") }}');
{% endmacro %}
