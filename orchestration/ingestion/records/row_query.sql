{#-
The fields of a source to typed rows, each of one kind. Jinja, filled by `row_query.py`; printed for one mapping by
`bin/service-index explain-mapping`.

Here: the two statements, step by step, and the expressions they are made of. Not here: how one value is read
(`value_macros.sql`), what a mapping's moments and numbers are (`mapping_macros`), how files become `wire`
(`formats.relations`).

`values` are the columns that a mapping feeds, each with `column` (the contract's) and `feed` (the mapping's); `lists`
those that hold lists, each with its `parts`, which are as `values`; `absent` the columns that it does not feed.
-#}

{#- ===== Statements ============================================================================================ -#}

{#- All rows of `relation` as the lake holds them, and `row_kind`:
      valid         nothing can be wrong with it
      to_validate   something may be; `raw_record` holds what `validated_rows` needs to say what
      duplicate     an earlier row of the file says the same
    `lineage`: SQL by column. `own`: what the codes of the agencies begin with for which the sender may deliver.
    Each step is made once, as those that follow refer to a value several times. -#}
{%- macro classified_rows(relation, lineage, own, are_copies_marked) -%}
with

wire as (
    {{ relation | trim | indent(4) }}
),

-- Texts without blanks around, words as codes, null if missing; lists as they came.
raw as (
    select
        {% for name, value in lineage.items() %}
        {{ value }} as {{ name }},
        {% endfor %}
        record_no, text, is_malformed, bad_lists, twice,
        {% for value in values %}
        {{ raw(value, field) }} as raw_{{ value.name }},
        {% endfor %}
        {% for list in lists %}
        {{ field(list.feed.wire) }} as wire_{{ list.name }},
        {% endfor %}
    from wire
),

-- All that is read of the lists that may be plain, in one call: a chain takes 50 ms to fold, for every file.
listed as (
    select *, {{ list_text() }} as list_text
    from raw
),

{% if are_copies_marked %}
-- Of all that is read of a row, and of what else decides its kind: no valid row is taken for the copy of a refused one.
-- By 64 bits: of 30 million files with a million rows, one has two rows that are wrongly taken for the same.
hashed as (
    select
        *,
        hash(list_text, is_malformed, bad_lists, twice
            {%- for value in values %}, raw_{{ value.name }}{% endfor %}
            {%- for list in lists if not list.may_be_plain %}, wire_{{ list.name }}{% endfor %}) as content
    from listed
),

-- Both windows stream.
counted as (
    select *, count(distinct content) over (rows between unbounded preceding and current row) as contents
    from hashed
),

known as (
    select *, coalesce(contents = lag(contents) over (), false) as is_known
    from counted
),
{% else %}
known as (select *, false as is_known from listed),
{% endif %}

-- What a value's macro would refer to several times, and compile each time.
begun as (
    select
        *,
        {% for value in values if value.column.how.first %}
        {{ value.column.how.first }}(raw_{{ value.name }}) as first_{{ value.name }},
        {% endfor %}
    from known
),

valued as (
    select
        *,
        {% for value in values %}
        {{ begun_read(value) }} as {{ value.name }},
        {% endfor %}
        {% for column in absent %}
        {{ '[]' if column.columns is defined else 'null' }}::{{ column.data_type }} as {{ column.name }},
        {% endfor %}
    from begun
),

-- One regular expression for all lists, because each call costs much, whatever it does. The blanks, line ends and
-- separators between the values are in none of them.
shaped as (
    select
        *,
        {{ are_lists_plain() }} as are_lists_plain,
        {{ is_foreign(own) }} as is_foreign,
    from valued
),

-- Like raw values, where a list is not read fast.
unshaped as (
    select
        *,
        {% for list in lists %}
        {{ unless_plain(list, 'null', raw_list(list)) }} as raw_{{ list.name }},
        {% endfor %}
    from shaped
),

typed as (
    select
        *,
        {% for list in lists %}
        coalesce({{ unless_plain(list, plain_list(list), typed_list(list)) }}, []) as {{ list.name }},
        {% endfor %}
    from unshaped
),

-- Cheap, and true at least where there is a problem: something sent has come to nothing.
kinds as (
    select
        *,
        case
            when
                is_malformed or is_foreign or coalesce(len(bad_lists), 0) > 0 or coalesce(len(twice), 0) > 0
                {% for value in values if value.column.required or value.column.can_fail %}
                or {{ came_to_nothing(value) }}
                {% endfor %}
                {% for list in lists %}
                or {{ loses_something(list) }}
                {% endfor %}
                then 'to_validate'
            when are_lists_plain and is_known then 'duplicate'
            else 'valid'
        end as row_kind
    from typed
),

classified as (
    select *, case when row_kind = 'to_validate' then {{ raw_record() }} end as raw_record
    from kinds
)

-- Cast, so that all files of a run agree whatever each of them holds. The raw record travels in a column that the run
-- fills anew from table `landed`: a large file of valid rows enters the lake as it is written here, and has no other.
select
    {% for name, data_type in row_columns.items() %}
    {{ 'coalesce(raw_record, source_file)' if name == 'source_file' else name | identifier }}::{{ data_type }} as {{ name | identifier }},
    {% endfor %}
    row_kind
from classified
{%- endmacro -%}


{#- What is wrong with `rows`, those to validate that `classified_rows` gave; they should lie together, not be one in
    a hundred of what is read: each chunk costs as much as a full one.
    One row for each with problems: file_hash, record_no, `problems`, `is_refused`, and `row_text` of refused rows, with
    nothing personal in it. -#}
{%- macro validated_rows(rows) -%}
with

opened as (
    select
        file_hash, sender, record_no, {{ names | map('identifier') | join(', ') }},
        unnest(json_transform(source_file, {{ kept_types | literal }}))
    from {{ rows }}
),

raw as (
    select
        *,
        {% for list in lists %}
        {{ raw_list(list) }} as raw_{{ list.name }},
        {% endfor %}
    from opened
),

validated as (
    select
        *,
        case
            when is_malformed
                then [error_in('malformed_record', '', 'text that is no record', 'one whole record')]
            else list_concat(
                list_transform(coalesce(bad_lists, []), lambda b:
                    error_in('malformed_list', b, 'something else', 'a list of objects')),
                list_transform(coalesce(twice, []), lambda b:
                    error_in('duplicate_key', b, 'the field twice, with a value each', 'each field once')),
                list_filter([
                    {% if agencies %}
                    {{ foreign_problem() }},
                    {% endif %}
                    {% for value in values if value.column.required or value.column.can_fail %}
                    {{ value_problem(value) }},
                    {% endfor %}
                ], lambda p: p is not null)
                {%- for list in lists %},
                case
                    when {{ loses_something(list) }}
                        then {{ list_problems(list) | indent(20) }}
                    else []
                end
                {%- endfor %}

            )
        end as problems
    from raw
),

decided as (
    select *, list_contains(list_transform(problems, lambda p: p.severity), 'error') as is_refused
    from validated
    where len(problems) > 0
)

select
    file_hash, record_no, problems, is_refused,
    case when is_refused then {{ row_text() | indent(4) }} end as row_text
from decided
{%- endmacro -%}

{#- ===== Values ================================================================================================ -#}

{#- A value as text, cleaned and in codes, null if there is none. `place` gives SQL of a field. -#}
{%- macro raw(value, place) -%}
{%- set feed = value.feed -%}
{%- if feed.template -%}
    {%- for part in feed.template -%}{{ ' || ' if not loop.first }}{{ raw_part(part, place) }}{%- endfor -%}
{%- elif feed.wire is none -%}
    {{ (feed.constant or '') | literal }}
{%- else -%}
    {%- set text = ('clean_text' if value.column.type == 'text' else 'bare_text') ~ '(' ~ place(feed.wire) ~ ')' -%}
    {%- if not feed.values and feed.otherwise is none -%}
        {{ text }}
    {%- else -%}
        {%- set rest = text if feed.otherwise is none else feed.otherwise | literal -%}
        {%- set given -%}
            case when {{ text }} is not null then {{ rest }} else {{ feed.values.get('') | literal_or_null }} end
        {%- endset -%}
        {#- A word for nothing may be a code of this field. -#}
        {%- for word, code in feed.values.items() if word -%}
            {{ 'case lower(said_text(' ~ place(feed.wire) ~ '))' if loop.first }} when {{ word | literal }} then {{ code | literal }}
            {{- ' else ' ~ given ~ ' end' if loop.last -}}
        {%- else -%}
            {{ given }}
        {%- endfor -%}
    {%- endif -%}
{%- endif -%}
{%- endmacro -%}

{%- macro raw_part(part, place) -%}
{%- if part.field is none -%}
    {{ part.text | literal }}
{%- else -%}
    {%- set text = 'bare_text(' ~ place(part.field) ~ ')' -%}
    {%- if part.moment -%}
        strftime(any_moment({{ text }}), {{ part.moment | literal }})
    {%- elif part.digits -%}
        if(strlen({{ text }}) < {{ part.digits }}, lpad({{ text }}, {{ part.digits }}, '0'), {{ text }})
    {%- else -%}
        {{ text }}
    {%- endif -%}
{%- endif -%}
{%- endmacro -%}

{#- What is read of the text `raw`, null if it cannot be read. -#}
{%- macro read(column, raw) -%}
{%- set text = column.how.reader ~ '(' ~ (column.how.first ~ '(' ~ raw ~ ')' if column.how.first else raw) ~ ')' -%}
{%- if column.type == 'choice' -%}
    {#- As it should be sent, else in other words such as 01 or 1.0. -#}
    case when {{ raw }} in ({{ literals(column.codes) }}) then {{ raw }}::integer when {{ text }} in ({{ column.codes | join(', ') }}) then {{ text }}::integer end
{%- elif column.codes -%}
    if({{ text }} in ({{ literals(column.codes) }}), {{ text }}, null)
{%- else -%}
    {{ text }}
{%- endif -%}
{%- endmacro -%}

{%- macro begun_read(value) -%}
{%- if value.column.how.first -%}
    {{ value.column.how.reader }}(first_{{ value.name }})
{%- else -%}
    {{ read(value.column, 'raw_' ~ value.name) }}
{%- endif -%}
{%- endmacro -%}

{%- macro came_to_nothing(value) -%}
{%- if value.column.required -%}
    {{ value.name }} is null
{%- else -%}
    (raw_{{ value.name }} is not null and {{ value.name }} is null)
{%- endif -%}
{%- endmacro -%}

{#- Whether a row names an agency for which its sender may not deliver. -#}
{%- macro is_foreign(own) -%}
{%- for column in agencies if own is not none -%}
    {{ 'coalesce(' if loop.first else ' or ' }}not regexp_matches(upper({{ column }}), {{ own | literal }}){{ ', false)' if loop.last }}
{%- else -%}
    false
{%- endfor -%}
{%- endmacro -%}

{%- macro literals(texts) -%}
{%- for text in texts -%}{{ text | literal }}{{ ', ' if not loop.last }}{%- endfor -%}
{%- endmacro -%}


{#- ===== Lists ================================================================================================= -#}

{#- A list of texts, in the order of its parts. -#}
{%- macro raw_list(list) -%}
list_transform(wire_{{ list.name }}, lambda x: struct_pack(
    {%- for part in list.parts -%}{{ part.name }} := {{ raw(part, element) }}{{ ', ' if not loop.last }}{%- endfor -%}
))
{%- endmacro -%}

{#- An element as the lake holds it; the caller reads a part of it. -#}
{%- macro lake_element(list) -%}
{%- if list.column.of_values -%}
    {{ caller(list.parts[0]) if list.parts else 'null::' ~ list.column.columns[0].data_type }}
{%- else -%}
    struct_pack(
    {%- for column in list.column.columns -%}
        {{ column.name }} := {% for part in list.parts if part.name == column.name %}{{ caller(part) }}{% else %}null::{{ column.data_type }}{% endfor %}
        {{- ', ' if not loop.last -}}
    {%- endfor -%}
    )
{%- endif -%}
{%- endmacro -%}

{#- Bounds would make each moment be parsed several times: nothing is shared within a list. A row with a moment out of
    bounds is refused by `is_kept`, so that what stands in it does not matter. -#}
{%- macro typed_list(list) -%}
list_transform(raw_{{ list.name }}, lambda x: {% call(part) lake_element(list) -%}
    {%- set text = 'x.' ~ part.name -%}
    {{ part.column.how.first ~ '(' ~ text ~ ')' if part.column.type == 'moment' else read(part.column, text) }}
{%- endcall %})
{%- endmacro -%}

{#- The typed list, where every element is plain: written as most are, so that it is read fast. The numbers of persons
    in it are the applicant's own, as a rule, and hashing is expensive. -#}
{%- macro plain_list(list) -%}
list_transform(wire_{{ list.name }}, lambda x: {% call(part) lake_element(list) -%}
    {%- set text = element(part.feed.wire) if part is sameas list.parts[0] else 'nullif(' ~ element(part.feed.wire) ~ ", '')" -%}
    {%- set plain = part.column.how.plain_read.format(text, type=part.column.data_type) -%}
    {%- if part.column.type == 'hash' and hashed -%}
        case{% for name in hashed %} when {{ text }} = first_{{ name }} then {{ name }}{% endfor %} else {{ plain }} end
    {%- else -%}
        {{ plain }}
    {%- endif -%}
{%- endcall %})
{%- endmacro -%}

{%- macro unless_plain(list, plain, other) -%}
{{ 'case when are_lists_plain then ' ~ plain ~ ' else ' ~ other ~ ' end' if list.may_be_plain else other }}
{%- endmacro -%}

{#- A line an element of all lists that may be plain. -#}
{%- macro list_text() -%}
{%- for list in lists if list.may_be_plain -%}
    {{ 'concat(' if loop.first else ", '\x1d', " }}array_to_string(list_transform(wire_{{ list.name }}, lambda x: concat(
    {%- for part in list.parts -%}
        {%- set text = element(part.feed.wire) -%}
        {{ 'left(' ~ text ~ ', 1)' if part.column.type == 'is_given' else text }}, {{ "' ', " if not loop.last }}
    {%- endfor -%}
    '\n')), ''){{ ')' if loop.last }}
{%- else -%}
    ''
{%- endfor -%}
{%- endmacro -%}

{#- What comes first in an element must be given, so that one of which nothing is known fits no shape. -#}
{%- macro are_lists_plain() -%}
{%- for list in lists if list.may_be_plain -%}
    {{ '(may_lists_be_plain() and regexp_full_match(list_text, concat(' if loop.first else ", '\x1d', " }}'(',
    {%- for part in list.parts %} {{ "' ', " if not loop.first }}'(', {{ part.column.plain }}, '){{ '?' if not loop.first }}', {% endfor -%}
    '\n)*'{{ ')))' if loop.last }}
{%- else -%}
    true
{%- endfor -%}
{%- endmacro -%}

{#- True where fewer values of a list were read than were sent, or an element holds none. -#}
{%- macro loses_something(list) -%}
case when len(raw_{{ list.name }}) > 0 then list_sum(list_transform(raw_{{ list.name }}, lambda x: {{ is_nothing(list) }}
    {%- for part in list.parts if part.column.can_fail %} + (x.{{ part.name }} is not null)::int{% endfor -%}
)) <> list_sum(list_transform({{ list.name }}, lambda x: {% for part in list.parts if part.column.can_fail -%}
    {{ ' + ' if not loop.first }}{{ is_kept(part, 'x' if list.column.of_values else 'x.' ~ part.name) }}
    {%- else -%}0{%- endfor -%}
)) else false end
{%- endmacro -%}

{#- 1 for a value of a list that the lake may hold. Moments are read without their bounds there. -#}
{%- macro is_kept(part, value) -%}
{{ 'is_in_years(' ~ value ~ ')::int' if part.column.type == 'moment' else '(' ~ value ~ ' is not null)::int' }}
{%- endmacro -%}

{#- 1 for an element `x` of which nothing is known: what is no object looks like that. -#}
{%- macro is_nothing(list) -%}
(coalesce({% for part in list.parts %}x.{{ part.name }}{{ ', ' if not loop.last }}{% endfor %}) is null)::int
{%- endmacro -%}


{#- ===== What is wrong ========================================================================================= -#}

{#- JSON of what validating needs of a row, hashed numbers aside. Of a list, JSON would be made of all rows of a chunk,
    for the few that are kept. -#}
{%- macro raw_record() -%}
to_json(struct_pack(
    {%- for name in kept -%}
        {{ name }} := {{ 'list_transform(' ~ name ~ ', lambda x: x)' if name in wires else name }}{{ ', ' if not loop.last }}
    {%- endfor -%}
))::varchar
{%- endmacro -%}

{#- Null unless something was sent, `raw`, and nothing came of it. -#}
{%- macro unread_problem(column, raw, value, label) -%}
{%- set reason = (column.reason or column.how.reason) | literal -%}
when {{ raw }} is not null and {{ value }} is null then {{ 'left_out' if column.leaves_out else 'error_in' }}(
    {%- for predicate, why in column.how.special -%}
        {{ 'case' if loop.first }} when {{ predicate }}({{ raw }}) then {{ (column.negative_reason if predicate == 'is_negative' and column.negative_reason else why) | literal }}
        {{- ' else ' ~ reason ~ ' end' if loop.last -}}
    {%- else -%}
        {{ reason }}
    {%- endfor -%}
, {{ label }}, shown({{ raw }}), {{ column.expected | literal }})
{%- endmacro -%}

{%- macro value_problem(value) -%}
{%- set label = (value.feed.label or value.name) | literal -%}
{%- set column = value.column -%}
case
{%- if column.required %} when raw_{{ value.name }} is null then error_in({{ ('missing_' ~ value.name) | literal }}, {{ label }}, 'nothing', {{ column.expected | literal }}){% endif -%}
{%- if column.can_fail %} {{ unread_problem(column, 'raw_' ~ value.name, value.name, label) }}{% endif %} end
{%- endmacro -%}

{%- macro foreign_problem() -%}
{%- set named = values | selectattr('name', 'in', agencies) | list -%}
case when is_foreign then foreign_agency({{ (named[0].feed.label or named[0].name) | literal }}, concat(
    {%- for value in named -%}shown(raw_{{ value.name }}){{ ", ' ', " if not loop.last }}{%- endfor -%}
), sender) end
{%- endmacro -%}

{#- Most rows to validate are at fault in one place, and looking through lists is expensive. -#}
{%- macro list_problems(list) -%}
{%- set place = (list.feed.wire ~ '[') | literal ~ " || (i - 1) || ']" -%}
flatten(list_transform(raw_{{ list.name }}, lambda x, i: list_filter([
    case when {{ is_nothing(list) }} = 1 then left_out('empty_element', {{ place }}', 'nothing known', 'an object with fields') end,
    {% for part in list.parts if part.column.can_fail %}
    case {{ unread_problem(part.column, 'x.' ~ part.name, read(part.column, 'x.' ~ part.name), place ~ ".' || " ~ ((part.feed.label or part.name) | literal)) }} end,
    {% endfor %}
], lambda p: p is not null)))
{%- endmacro -%}

{#- The record again, of fields that the lake knows only: codes and figures, no sentence, no name. -#}
{%- macro row_text() -%}
case
        when is_malformed
            then length(text) || ' characters, codes in it: '
                || array_to_string(list_distinct(regexp_extract_all(upper(text), dossier_codes()))[:3], ', ')
        else json_object(
            {% for label, one in shown.items() %}
            {{ label | literal }}, {% if one.parts is defined -%}
                list_transform(raw_{{ one.name }}, lambda x: json_object(
                {%- for part in one.parts if part.feed.label is not none and part.column.can_fail -%}
                    {{ ', ' if not loop.first }}{{ part.feed.label | literal }}, shown(x.{{ part.name }})
                {%- endfor -%}
                ))
            {%- else -%}
                {{ 'masked' if one.column.type == 'text' else 'shown' }}(raw_{{ one.name }})
            {%- endif %}{{ ',' if not loop.last }}
            {% endfor %}
        )::varchar
    end
{%- endmacro -%}
